"""Moves one active guest: the call, its supervision, the hand-over, and the settling afterwards."""

import contextlib
import time

from msgspec import Struct
from msgspec.structs import asdict

from preflight.errors import UserError
from preflight.migrate.autostart import carry_over
from preflight.migrate.downtime import Pauses
from preflight.migrate.end import HostSilent
from preflight.migrate.events import Event
from preflight.migrate.lane import Lane
from preflight.migrate.observation import BY_MIGRATION, IN_POSTCOPY, POSTCOPY_FAILED, Place, Sighting
from preflight.migrate.outcome import Intent, Result
from preflight.migrate.run import Ended, Run
from preflight.migrate.settle import Settled, look_at_both, settle
from preflight.migrate.transfer import Transfer
from preflight.migrate.watch import POLL, Watch
from preflight.schema.plan import PlannedGuest
from preflight.threads import until

#: Seconds that libvirt's call may take to return after an abort; then the guest is settled without waiting for it.
AFTER_ABORT = 60.0
#: The same after post-copy was interrupted: libvirt may still end the call by itself.
AFTER_BREAK = 10.0


class Busy(UserError):
    """A job is already running on the guest, so its move is not begun. The text is one line for the user."""


def move(run: Run, guest: PlannedGuest, lane: Lane, *, resume_postcopy: bool = False) -> Ended:
    """Move an active guest, and return how that ended; raises `JournalError`, `UserError` before anything is done."""
    if not resume_postcopy:
        guest = _as_now(run, guest)
    intent = run.intent(guest)
    moving = Transfer(run, guest, intent, lane, resume_postcopy=resume_postcopy)
    xml = definition(run, guest)
    if intent.peer_to_peer and intent.safe and intent.wanted is Place.RUNNING:
        _order_start(run, guest)
    run.journal.write(
        "begin",
        guest.uuid,
        name=guest.name,
        xml=xml,
        paused=guest.paused,
        is_defined_there=guest.is_defined_there,
        log=None if (mark := run.log_marks.get(guest.uuid)) is None else asdict(mark),
    )
    run.tell(Event("started", guest.name))
    began = time.monotonic()
    watch = Watch(run, guest, is_in_postcopy=resume_postcopy)
    with Pauses(run.source, run.destination, guest.uuid) as pauses:
        moving.start()
        error = _wait(run, moving, watch)
        moving.leave()
        if moving.is_handed_over:
            error = None
            run.tell(Event("handed-over", guest.name))
        intent = run.intent(
            guest, handed_over=moving.is_handed_over, paused_by_us=watch.has_paused, watched=not resume_postcopy
        )
        settled = settle(run, guest, intent, xml=xml, is_handed_over=lambda: moving.is_handed_over)
        settled = carry_over(run, guest, settled)
        downtime = pauses.seconds(moving.started_at)
    if error is not None and (aborted := watch.reason()) is not None:
        error = f"{aborted}; libvirt: {error}"
    seconds = time.monotonic() - began
    return end(run, guest, settled, intent, error=error, seconds=seconds, downtime=downtime)


def _order_start(run: Run, guest: PlannedGuest) -> None:
    """Have the process on the source start the guest if preflight dies before it could."""
    mark = run.log_marks.get(guest.uuid)
    why = "its log on the source cannot be read" if mark is None else run.starter.order(guest, mark)
    if why is not None:
        left = "if preflight dies while the guest migrates, it stays paused on the destination until --resume"
        run.tell(Event("note", guest.name, f"{left}: {why}"))


def _as_now(run: Run, guest: PlannedGuest) -> PlannedGuest:
    """Return the guest as it is at the moment of its move: its owner may have paused or resumed it since the plan.

    Waits for a source that does not answer; raises `UserError` if it stays silent, since no guest can be moved off it
    then, and `Busy` if another job is running on the guest. If the destination does not answer, the guest is returned
    as it was planned, and the call itself will fail.
    """
    is_time_left = until(run.settings.patience)
    source, destination = look_at_both(run, guest.uuid)
    while source.place is Place.UNKNOWN and is_time_left() and not run.aborting.is_set():
        time.sleep(POLL)
        source, destination = look_at_both(run, guest.uuid)
    if source.place is Place.UNKNOWN:
        raise UserError(
            f"{guest.name} is not started: the source does not answer: {source.why}; try again when it does"
        )
    if source.job or destination.job:
        raise Busy(f"{guest.name} is not started: {_whose(run, guest, source)}; try again when that has ended")
    libvirts_own = source.reason in (BY_MIGRATION, IN_POSTCOPY, POSTCOPY_FAILED)
    if source.place is Place.RUNNING or (source.place is Place.PAUSED and not libvirts_own):
        guest = guest.model_copy(update={"paused": source.place is Place.PAUSED})
    if destination.place is not Place.UNKNOWN:
        guest = guest.model_copy(update={"is_defined_there": destination.place is not Place.ABSENT})
    return guest


def _whose(run: Run, guest: PlannedGuest, source: Sighting) -> str:
    """Return what libvirt reports about the job that is running on a guest."""
    import libvirt

    if not source.job:
        return "the guest is already arriving on the destination: another preflight or another client is migrating it"
    stats: dict[str, int] = {}
    with contextlib.suppress(libvirt.libvirtError, HostSilent):
        stats = run.source.domain(guest.uuid).jobStats()
    since = f"since {stats.get('time_elapsed', 0) / 1000:.0f} s"
    if stats.get("operation") == libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT:
        return f"another preflight or another client has been migrating it {since}"
    return f"another job has been running on it {since} (libvirt's operation {stats.get('operation', 0)})"


def _wait(run: Run, moving: Transfer, watch: Watch) -> str | None:
    """Watch until the call returns; return libvirt's error, or why the call has not returned."""
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
            return f"libvirt's call has not returned {AFTER_ABORT:g} s later; {_restart(run)}"
        if watch.is_in_postcopy:
            is_broken = run.source.look(moving.uuid).is_broken_off
            broken_at = (broken_at or time.monotonic()) if is_broken else None
            if broken_at is not None and time.monotonic() - broken_at > AFTER_BREAK:
                # the destination may not notice for a long time, and libvirt's call waits for it
                return "post-copy was interrupted"
    return moving.error


def _restart(run: Run) -> str:
    """Return what ends a job of the source that ignores an abort, as seen with libvirt 9.0 after a network failure."""
    return f"if the job does not end, restart the libvirt daemon on {run.plan.source} (its guests keep running)"


class Attended(Struct, frozen=True):
    """The end of a migration that was watched without the client that began it."""

    #: True if the guest had to be paused on the source.
    has_paused: bool
    #: Why its job has not ended, and what ends it; None if it has ended.
    stuck: str | None = None


def attend(run: Run, guest: PlannedGuest, began_at: float | None) -> Attended:
    """Watch a migration that continues without the client that began it, as in peer-to-peer mode, until it has ended.

    `began_at` is the time of the move's beginning in the journal, in seconds since the epoch. Stops waiting for a job
    that has not ended `AFTER_ABORT` seconds after it was aborted.
    """
    age = None if began_at is None else max(time.time() - began_at, 0.001)
    seen = run.source.look(guest.uuid)
    in_postcopy = (seen.place, seen.reason) == (Place.PAUSED, IN_POSTCOPY)
    watch = Watch(run, guest, is_in_postcopy=in_postcopy, age=age)
    is_time_left = None
    while seen.job:
        watch.look()
        if watch.is_of_another:
            watch.say_once("a job that this run did not start is running on the guest: waiting for it to end")
            break
        watch.say_once("the migration is still running; waiting for it to end")
        if run.aborting.is_set():
            watch.interrupt()
        if watch.aborted is not None and is_time_left is None:
            is_time_left = until(AFTER_ABORT)
        if is_time_left is not None and not is_time_left():
            return Attended(watch.has_paused, f"not ended {AFTER_ABORT:g} s after it was aborted; {_restart(run)}")
        time.sleep(POLL)
        seen = run.source.look(guest.uuid)
    return Attended(watch.has_paused)


def definition(run: Run, guest: PlannedGuest) -> str | None:
    """Return the guest's definition on the source, including passwords; None if there is none, or no answer."""
    import libvirt

    if not guest.persistent:
        return None
    try:
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
        return str(run.source.domain(guest.uuid).XMLDesc(flags))
    except (libvirt.libvirtError, HostSilent):
        return None


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
    """Record and report how a guest's move ended; `intent` says how far it is known to have come."""
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
        handed_over=intent.handed_over or settled.handed_over,
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
