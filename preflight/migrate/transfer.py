"""The libvirt call that moves a guest, on a thread of its own, and the guest's start right behind it."""

import contextlib
import threading
import time

from preflight.migrate import call
from preflight.migrate.end import HostSilent
from preflight.migrate.lane import Lane
from preflight.migrate.observation import Place
from preflight.migrate.outcome import Intent
from preflight.migrate.run import Run
from preflight.request.migration import Mode
from preflight.schema.plan import PlannedGuest


class Transfer(threading.Thread):
    """The one call that lasts as long as the migration, and the start on the destination right behind it."""

    def __init__(self, run: Run, guest: PlannedGuest, intent: Intent, lane: Lane, *, resume_postcopy: bool) -> None:
        """Nothing is called yet; raises `UserError` for an option that this machine's libvirt lacks."""
        super().__init__(daemon=True)
        self._run, self._guest, self._intent, self._lane = run, guest, intent, lane
        self.uuid = guest.uuid
        method = run.plan.method
        # before anything is written down or done
        self._flags = call.flags(
            method, persist=intent.persist, undefine=intent.undefine, resume_postcopy=resume_postcopy
        )
        self._parameters = call.parameters(method)
        # and not while the guest stands still
        self._handed_over = run.journal.ready("handed-over", guest.uuid)
        self._lock = threading.Lock()
        self._is_left = False
        self._is_handed_over = False
        #: None once libvirt has said that it was done, and only then.
        self.error: str | None = "the call came to no end"
        #: When the guest was seen to run on the destination, where preflight itself has started it.
        self.started_at: float | None = None

    def run(self) -> None:
        """Make the call, write down that the guest was handed over, and start it if that is preflight's to do."""
        import libvirt

        run, guest, intent = self._run, self._guest, self._intent
        method = run.plan.method
        flags, parameters = self._flags, self._parameters
        try:
            domain = self._lane.source().lookupByUUIDString(guest.uuid)
            if method.mode is Mode.MANAGED:
                arrived = domain.migrate3(self._lane.destination(), parameters, flags)
            else:
                domain.migrateToURI3(run.plan.destination_uri, parameters, flags)
                arrived = None
            with self._lock:
                self._is_handed_over = True
                is_left = self._is_left
            self.error = None
            run.handed_over.add(guest.uuid)
            # before it can run there: what has never run may be ended, and what has run never
            run.journal.note_soon(self._handed_over)
            if method.is_safe and intent.wanted is Place.RUNNING and not is_left:
                # what fails here is settled afterwards
                with contextlib.suppress(libvirt.libvirtError, HostSilent):
                    (arrived or run.destination.domain(guest.uuid)).resume()
                    self.started_at = time.monotonic()
        except (libvirt.libvirtError, HostSilent) as why:
            self.error = str(why)

    def leave(self) -> None:
        """Have the guest settled without this call, which may not have ended: from now on it starts nothing."""
        with self._lock:
            self._is_left = True

    @property
    def is_handed_over(self) -> bool:
        """Whether libvirt has said that the source has let it go."""
        with self._lock:
            return self._is_handed_over
