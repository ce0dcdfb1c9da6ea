"""Moves one active guest: the call, the watch over it, the hand-over, and what is left to settle."""

import contextlib
import threading
import time
from typing import Any

from msgspec.structs import replace

from preflight.errors import UserError
from preflight.migrate import call
from preflight.migrate.end import HostSilent, until
from preflight.migrate.event import Event
from preflight.migrate.pauses import Pauses
from preflight.migrate.recovery import Intent, Result
from preflight.migrate.run import Ended, Run
from preflight.migrate.settle import Settled, look_at_both, settle
from preflight.migrate.sighting import BY_MIGRATION, IN_POSTCOPY, POSTCOPY_FAILED, Place
from preflight.migrate.watch import POLL, Watch
from preflight.migration import Mode
from preflight.plan import PlannedGuest

#: Seconds that libvirt's call may go on after it was aborted; then the guest is settled without waiting for it.
AFTER_ABORT = 60.0
#: And after post-copy broke off, in which libvirt may yet end it by itself.
AFTER_BREAK = 10.0


class Lane:
    """Connections of one's own to both ends, for the calls that last as long as a migration."""

    def __init__(self, run: Run) -> None:
        """Nothing is opened yet."""
        self._run = run
        self._opened: dict[str, Any] = {}

    def source(self) -> Any:
        """To the source; raises `HostSilent`."""
        return self._get("source", self._run.source.open)

    def destination(self) -> Any:
        """To the destination, which peer-to-peer migrations do without; raises `HostSilent`."""
        return self._get("destination", self._run.destination.open)

    def close(self) -> None:
        """Close both."""
        import libvirt

        for connection in self._opened.values():
            with contextlib.suppress(libvirt.libvirtError):
                connection.close()
        self._opened.clear()

    def _get(self, end: str, opens: Any) -> Any:
        import libvirt

        known = self._opened.get(end)
        if known is not None:
            with contextlib.suppress(libvirt.libvirtError):
                if known.isAlive():
                    return known
        self._opened[end] = opens()
        return self._opened[end]


class _Call(threading.Thread):
    """The one call that lasts as long as the migration, and the start on the destination right behind it."""

    def __init__(self, run: Run, guest: PlannedGuest, intent: Intent, lane: Lane, *, resume_postcopy: bool) -> None:
        super().__init__(daemon=True)
        self._run, self._guest, self._intent, self._lane = run, guest, intent, lane
        self.uuid = guest.uuid
        method = run.plan.method
        # here, so that an option which this machine's libvirt lacks is said before anything is written down or done
        self._flags = call.flags(
            method, persist=intent.persist, undefine=intent.undefine, resume_postcopy=resume_postcopy
        )
        #: None once libvirt has said that it was done, and only then.
        self.error: str | None = "the call came to no end"
        #: When the guest was seen to run on the destination, where preflight itself has started it.
        self.started_at: float | None = None

    def run(self) -> None:
        import libvirt

        run, guest, intent = self._run, self._guest, self._intent
        method = run.plan.method
        flags = self._flags
        parameters = call.parameters(method)
        try:
            domain = self._lane.source().lookupByUUIDString(guest.uuid)
            if method.mode is Mode.MANAGED:
                arrived = domain.migrate3(self._lane.destination(), parameters, flags)
            else:
                domain.migrateToURI3(run.plan.destination_uri, parameters, flags)
                arrived = None
            self.error = None
            if method.is_safe and intent.wanted is Place.RUNNING:
                # what fails here is settled afterwards
                with contextlib.suppress(libvirt.libvirtError, HostSilent):
                    (arrived or run.destination.domain(guest.uuid)).resume()
                    self.started_at = time.monotonic()
        except (libvirt.libvirtError, HostSilent) as why:
            self.error = str(why)


def move(run: Run, guest: PlannedGuest, lane: Lane, *, resume_postcopy: bool = False) -> Ended:
    """Move an active guest, and say how that ended; raises `JournalError`, `UserError` before anything is done."""
    if not resume_postcopy:
        guest = _as_now(run, guest)
    moving = _Call(run, guest, run.intent(guest), lane, resume_postcopy=resume_postcopy)
    xml = definition(run, guest)
    run.journal.write(
        "begin", guest.uuid, name=guest.name, xml=xml, paused=guest.paused, is_defined_there=guest.is_defined_there
    )
    run.tell(Event("started", guest.name))
    began = time.monotonic()
    watch = Watch(run, guest, is_in_postcopy=resume_postcopy)
    with Pauses(run.source, run.destination, guest.uuid) as pauses:
        moving.start()
        error = _wait(run, moving, watch)
        handed_over = error is None
        if handed_over:
            run.journal.note("handed-over", guest.uuid)
            run.tell(Event("handed-over", guest.name))
        intent = run.intent(guest, handed_over=handed_over, paused_by_us=watch.has_paused)
        settled = settle(run, guest, intent, xml=xml)
        carry_over(run, guest, settled)
        downtime = pauses.seconds(moving.started_at)
    if error is not None and watch.aborted is not None:
        error = f"{watch.aborted}; libvirt: {error}"
    seconds = time.monotonic() - began
    return end(run, guest, settled, intent, error=error, seconds=seconds, downtime=downtime)


def _as_now(run: Run, guest: PlannedGuest) -> PlannedGuest:
    """The guest as it is at the moment of its move: its owner may have paused it, or gone on with it, since the plan.

    A source that does not answer is waited for; raises `UserError` where it stays silent, since nothing can be moved
    off it then. A destination that does not answer leaves the guest as it was planned; the call itself then says so.
    """
    is_time_left = until(run.settings.patience)
    source, destination = look_at_both(run, guest.uuid)
    while source.place is Place.UNKNOWN and is_time_left() and not run.aborting.is_set():
        time.sleep(POLL)
        source, destination = look_at_both(run, guest.uuid)
    if source.place is Place.UNKNOWN:
        raise UserError(f"{guest.name} is not begun: the source does not answer: {source.why}")
    libvirts_own = source.reason in (BY_MIGRATION, IN_POSTCOPY, POSTCOPY_FAILED)
    if source.place is Place.RUNNING or (source.place is Place.PAUSED and not libvirts_own):
        guest = replace(guest, paused=source.place is Place.PAUSED)
    if destination.place is not Place.UNKNOWN:
        guest = replace(guest, is_defined_there=destination.place is not Place.ABSENT)
    return guest


def _wait(run: Run, moving: _Call, watch: Watch) -> str | None:
    """Watch until the call ends; libvirt's error, or what kept it from ending."""
    aborted_at: float | None = None
    broken_at: float | None = None
    while moving.is_alive():
        moving.join(POLL)
        if not moving.is_alive():
            break
        if run.aborting.is_set():
            watch.interrupt()
        watch.look()
        if watch.aborted is not None and aborted_at is None:
            aborted_at = time.monotonic()
        if aborted_at is not None and time.monotonic() - aborted_at > AFTER_ABORT:
            return f"its call has not ended {AFTER_ABORT:g} s after that"
        if watch.is_in_postcopy:
            is_broken = run.source.look(moving.uuid).is_broken_off
            broken_at = (broken_at or time.monotonic()) if is_broken else None
            if broken_at is not None and time.monotonic() - broken_at > AFTER_BREAK:
                return "post-copy broke off"  # the destination may not notice for long, and libvirt's call waits for it
    return moving.error


def attend(run: Run, guest: PlannedGuest) -> bool:
    """Watch a migration that goes on without the one who began it, as in peer-to-peer mode, until it has ended.

    Returns whether the guest had to be paused on the source for that.
    """
    seen = run.source.look(guest.uuid)
    watch = Watch(run, guest, is_in_postcopy=seen.reason == IN_POSTCOPY)
    while seen.job:
        watch.look()
        if watch.is_of_another:
            break  # not a migration: `settle` waits for it
        watch.say_once("its migration still runs, and is watched to its end")
        if run.aborting.is_set():
            watch.interrupt()
        time.sleep(POLL)
        seen = run.source.look(guest.uuid)
    return watch.has_paused


def definition(run: Run, guest: PlannedGuest) -> str | None:
    """The guest's definition on the source, passwords and all; None where it has none or does not tell."""
    import libvirt

    if not guest.persistent:
        return None
    try:
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
        return str(run.source.domain(guest.uuid).XMLDesc(flags))
    except (libvirt.libvirtError, HostSilent):
        return None


def carry_over(run: Run, guest: PlannedGuest, settled: Settled) -> None:
    """What libvirt forgets on the way: that the guest starts with its host, and no longer with the one it has left."""
    import libvirt

    if settled.decision.result is not Result.ARRIVED or not guest.autostart:
        return
    if settled.destination.persistent:
        try:
            run.destination.domain(guest.uuid).setAutostart(1)
        except (libvirt.libvirtError, HostSilent) as why:
            run.tell(Event("note", guest.name, f"its autostart could not be set on the destination: {why}"))
    if settled.source.place is Place.OFF:
        try:
            run.source.domain(guest.uuid).setAutostart(0)
            run.tell(Event("note", guest.name, "no longer starts with the source, which keeps its definition"))
        except (libvirt.libvirtError, HostSilent) as why:
            text = f"still starts with the source, where its definition stays, and would then run twice: {why}"
            run.tell(Event("note", guest.name, text))


def end(
    run: Run,
    guest: PlannedGuest,
    settled: Settled,
    intent: Intent,
    *,
    error: str | None = None,
    seconds: float | None = None,
    downtime: float | None = None,
) -> Ended:
    """Write down and tell how a guest's move ended; `intent` says how far it is known to have come."""
    ended = Ended(
        guest=guest,
        result=settled.decision.result,
        source=settled.source,
        destination=settled.destination,
        error=None if settled.decision.result is Result.ARRIVED else error,
        why=settled.decision.why,
        seconds=seconds,
        downtime=downtime,
        settled=settled.done,
        handed_over=intent.handed_over,
        paused_by_us=intent.paused_by_us,
    )
    run.journal.note(
        "ended",
        guest.uuid,
        result=ended.result,
        source=ended.source.place,
        destination=ended.destination.place,
        error=ended.error,
        why=ended.why,
        seconds=seconds,
        downtime=downtime,
    )
    told = {"result": ended.result.value, "source": ended.source.place.value}
    told |= {"destination": ended.destination.place.value}
    run.tell(Event("ended", guest.name, ended.error or ended.why, told=told))
    return ended
