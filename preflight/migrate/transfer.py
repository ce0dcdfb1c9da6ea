"""The libvirt call that moves a guest, on its own thread, and the start of the guest immediately after it."""

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
    """The call that lasts as long as the migration, and the start on the destination immediately after it."""

    def __init__(self, run: Run, guest: PlannedGuest, intent: Intent, lane: Lane, *, resume_postcopy: bool) -> None:
        """Prepare the call without making it; raises `UserError` for an option that this machine's libvirt lacks."""
        super().__init__(daemon=True)
        self._run, self._guest, self._intent, self._lane = run, guest, intent, lane
        self.uuid = guest.uuid
        method = run.plan.method
        # raises before anything is written to the journal or done
        self._flags = call.flags(
            method, persist=intent.persist, undefine=intent.undefine, resume_postcopy=resume_postcopy
        )
        self._parameters = call.parameters(method)
        # prepared now, so that it costs no time during the downtime
        self._handed_over = run.journal.ready("handed-over", guest.uuid)
        self._lock = threading.Lock()
        self._is_left = False
        self._is_handed_over = False
        #: None only once libvirt has reported success.
        self.error: str | None = "libvirt's call has not returned"
        #: When the guest was seen to run on the destination, if preflight itself started it.
        self.started_at: float | None = None

    def run(self) -> None:
        """Make the call, record the hand-over in the journal, and start the guest if that is left to preflight."""
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
            # before the guest can run there: a guest that has never run there may be destroyed, one that has must not
            run.journal.note_soon(self._handed_over)
            if method.is_safe and intent.wanted is Place.RUNNING and not is_left:
                # a failure here is settled afterwards
                with contextlib.suppress(libvirt.libvirtError, HostSilent):
                    (arrived or run.destination.domain(guest.uuid)).resume()
                    self.started_at = time.monotonic()
        except (libvirt.libvirtError, HostSilent) as why:
            self.error = str(why)

    def leave(self) -> None:
        """Let the guest be settled without this call, which may not have ended: it starts nothing from now on."""
        with self._lock:
            self._is_left = True

    @property
    def is_handed_over(self) -> bool:
        """True once libvirt has reported that the source has handed the guest over."""
        with self._lock:
            return self._is_handed_over
