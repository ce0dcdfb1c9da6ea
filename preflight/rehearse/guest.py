"""Rehearses one guest: begins its migration, aborts it once the destination receives it, and inspects both hosts."""

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, cast

from msgspec.structs import asdict, replace

from preflight.facts.fact import Unreadable
from preflight.judge.explain import explaining
from preflight.migrate.autostart import carry_over
from preflight.migrate.end import End, HostSilent
from preflight.migrate.events import Event
from preflight.migrate.hypervisor import Domain
from preflight.migrate.lane import Lane
from preflight.migrate.live import definition, end
from preflight.migrate.observation import Place, Sighting
from preflight.migrate.run import Run
from preflight.migrate.settle import Settled, look_at_both, settle
from preflight.migrate.transfer import Transfer
from preflight.rehearse.answer import Answer, Rehearsed, answer_of, not_rehearsed
from preflight.rehearse.limits import LARGE, longest_call
from preflight.rehearse.memory import Memory
from preflight.rehearse.reading import Ending, Reading, ends, reading_of
from preflight.rehearse.switch import Switch
from preflight.rehearse.traces import Look, Marks, Seen, remains
from preflight.schema.plan import PlannedGuest
from preflight.threads import side_by_side, until

#: Seconds between two readings. In this time QEMU passes about 10 MiB of zero pages at 1 MiB/s.
POLL: Final = 0.02
#: Seconds for which the job may report more than has passed here: the clocks of two machines, and the call's way.
SLACK: Final = 2.0
#: Seconds that libvirt's call may go on after it was aborted; then the guest is settled without waiting for it.
AFTER_ABORT: Final = 60.0
#: Seconds that the destination is given to take everything away again.
CLEARING: Final = 10.0


class Rehearsing(Domain, Protocol):
    """A guest on its host, with the calls that only a rehearsal makes."""

    def blockJobInfo(self, disk: str, flags: int = 0) -> dict[str, int]:  # noqa: N802 # libvirt calls it so
        """Return the block job of a disk by its target; nothing if there is none."""

    def blockInfo(self, disk: str, flags: int = 0) -> Sequence[int]:  # noqa: N802 # libvirt calls it so
        """Return the capacity, the allocation and the physical size of a disk, in bytes."""


@dataclass(slots=True)
class Rehearsal:
    """What the rehearsals of one run share: the run itself, the switch on the source, and looks at both hosts.

    `memory` returns what a guest has in memory; raises `Unreadable`. `watching` is another end of the source: a call on
    it may block without keeping the run from looking at its guests. `keeps` returns why a guest must not be
    rehearsed, from the traces on the destination just before and the sizes of its copied disks in bytes, by target;
    None if it may be.
    """

    run: Run
    watching: End
    switch: Switch
    look: Look
    memory: Callable[[str], Memory]
    keeps: Callable[[Marks, Seen, dict[str, int]], str | None]


def rehearse(rehearsal: Rehearsal, guest: PlannedGuest, marks: Marks, lane: Lane) -> Rehearsed:
    """Rehearse one guest; raises `JournalError` and `UserError` before anything is begun."""
    run = rehearsal.run
    source, destination = look_at_both(run, guest.uuid)
    why, before = _keeps(source, destination), Seen()
    if why is None:
        try:
            why, before = _looked(rehearsal, marks, lane)
        except (Unreadable, HostSilent) as unknown:
            why = str(unknown)
    if why is not None:
        return not_rehearsed(guest.name, guest.uuid, why)
    guest = guest.model_copy(update={"paused": False, "is_defined_there": destination.place is not Place.ABSENT})
    moving = Transfer(run, guest, run.intent(guest), lane, resume_postcopy=False)
    xml = definition(run, guest)
    if (why := rehearsal.switch.arm(guest.uuid, longest_call(marks.memory))) is not None:
        text = f"nothing on the source would abort the migration if preflight died or did not answer: {why}"
        return not_rehearsed(guest.name, guest.uuid, text)
    answer = _rehearse(rehearsal, guest, marks, before, moving, xml)
    # or else the switch is what still ends a migration that may be running; it also stays after an exception
    if not moving.is_alive() and answer.answer is not Answer.DISTURBED:
        rehearsal.switch.disarm(guest.uuid)
    return answer


def _keeps(source: Sighting, destination: Sighting) -> str | None:
    """Return why a guest that is like this on both hosts is not rehearsed."""
    if Place.UNKNOWN in (source.place, destination.place):
        return source.why or destination.why or "a host does not answer"
    if source.place is not Place.RUNNING:
        return f"only running guests are rehearsed; this one is {source.place} on the source"
    if source.job or destination.job:
        return "a job is running on the guest"
    if destination.place.active:
        return f"the guest is {destination.place} on the destination too"
    return None


def _looked(rehearsal: Rehearsal, marks: Marks, lane: Lane) -> tuple[str | None, Seen]:
    """Look at both hosts side by side, and open the lane's connections to them.

    Returns why the guest must not be rehearsed (None if it may be), and the traces that the destination has of it.
    Raises `Unreadable` and `HostSilent`.
    """
    sizes: dict[str, int] = {}
    seen: list[Seen] = []

    def here() -> str | None:
        sizes.update(_sizes(rehearsal.run, marks))
        lane.source()
        return _too_little(rehearsal, marks)

    def there() -> None:
        seen.append(rehearsal.look(marks))
        lane.destination()

    too_little, _ = side_by_side(here, there)
    return rehearsal.keeps(marks, seen[0], sizes) or too_little, seen[0]


def _too_little(rehearsal: Rehearsal, marks: Marks) -> str | None:
    """Return why the guest's memory could be sent too soon; None if it cannot. Raises `Unreadable`."""
    return None if marks.memory >= LARGE else rehearsal.memory(marks.uuid).why_too_little(marks.memory)


def _sizes(run: Run, marks: Marks) -> dict[str, int]:
    """Return the size of each copied disk in bytes, by target; raises `Unreadable` and `HostSilent`."""
    import libvirt

    try:
        domain = cast("Rehearsing", run.source.domain(marks.uuid))
        return {copy.target: domain.blockInfo(copy.target)[0] for copy in marks.copies}
    except libvirt.libvirtError as error:
        raise Unreadable(f"the size of a copied disk is unknown: {error}") from None


def _rehearse(
    rehearsal: Rehearsal, guest: PlannedGuest, marks: Marks, before: Seen, moving: Transfer, xml: str | None
) -> Rehearsed:
    run = rehearsal.run
    run.journal.write(
        "begin",
        guest.uuid,
        name=guest.name,
        xml=xml,
        paused=False,
        is_defined_there=guest.is_defined_there,
        log=None if (mark := run.log_marks.get(guest.uuid)) is None else asdict(mark),
    )
    run.tell(Event("started", guest.name))
    began = time.monotonic()
    watch = _Watch(rehearsal, guest, tuple(copy.target for copy in marks.copies))
    moving.start()
    watch.follow(moving)
    moving.leave()
    if moving.is_handed_over:
        run.tell(Event("handed-over", guest.name))
    intent = run.intent(guest, handed_over=moving.is_handed_over, watched=True)
    settled = settle(run, guest, intent, xml=xml, is_handed_over=lambda: moving.is_handed_over)
    settled = carry_over(run, guest, settled)
    error = None if moving.is_handed_over else moving.error
    rule = functools.cache(lambda: None if error is None else explaining(error))
    answer = answer_of(
        settled.decision.result,
        settled.source.place,
        error,
        is_enough=watch.end is not None and watch.end.is_enough,
        was_aborted=watch.was_aborted,
        is_explained=lambda: rule() is not None,
    )
    refused = answer in (Answer.REFUSED, Answer.UNDECIDED, Answer.DISTURBED)
    told = error if refused else None
    ended = end(run, guest, _told(settled, answer, watch.end), intent, error=told, seconds=time.monotonic() - began)
    return Rehearsed(
        name=guest.name,
        uuid=guest.uuid,
        answer=answer,
        error=told,
        rule=rule() if refused else None,
        why=_why(run, guest, answer, settled, watch.end),
        source=ended.source.place,
        destination=ended.destination.place,
        begun_after=watch.begun_after,
        seconds=ended.seconds,
        left=() if answer in (Answer.MOVED, Answer.DISTURBED) else _left(rehearsal, marks, before),
    )


def _told(settled: Settled, answer: Answer, ended: Ending | None) -> Settled:
    """Return how it ended with a reason that says what the rehearsal found, for the journal and for the terminal."""
    if answer is Answer.ACCEPTED and ended is not None:
        return replace(settled, decision=replace(settled.decision, why=f"accepted: {ended.why}"))
    return settled


def _why(run: Run, guest: PlannedGuest, answer: Answer, settled: Settled, ended: Ending | None) -> str:
    why = settled.decision.why
    if answer is Answer.MOVED:
        plan = run.plan
        home = f"MOVED BY THE REHEARSAL; to bring it home: preflight migrate {plan.destination} {plan.source}"
        why = f"{home} {guest.name}{f'; {why}' if why else ''}"
    elif answer is Answer.UNDECIDED:
        why = (
            f"the migration was aborted before libvirt had accepted or refused it: {ended.why}"
            if ended is not None
            else "the migration ended before the rehearsal aborted it, and libvirt's message does not say why: see the"
            " log of the source's libvirt daemon"
        )
    return why


def _left(rehearsal: Rehearsal, marks: Marks, before: Seen) -> tuple[str, ...]:
    """Return what is left on the destination once it had time to take it away; what cannot be seen is said too."""
    is_time_left = until(CLEARING)
    while True:
        try:
            left = remains(marks, before, rehearsal.look(marks), rehearsal.run.plan.destination)
        except Unreadable as why:
            return (str(why),)
        if not left or not is_time_left():
            return tuple(left)
        time.sleep(0.2)


class _Reader(threading.Thread):
    """Reads the job over a second connection to the source, and aborts it when requested.

    A call of libvirt cannot be interrupted, and may wait for the guest's lock or for a host that is gone: so it is made
    on a thread that can be left.
    """

    def __init__(self, source: End, guest: PlannedGuest, copied: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self._source, self._uuid, self._copied = source, guest.uuid, copied
        self._began = time.monotonic()
        self._left, self._abort = threading.Event(), threading.Event()
        #: The latest reading of the rehearsal's job; None before the first.
        self.latest: Reading | None = None
        #: True once libvirt has accepted the abort of the rehearsal's job.
        self.has_aborted = False

    def abort(self) -> None:
        """Abort the job, as often as it is seen from now on."""
        self._abort.set()

    def leave(self) -> None:
        """Make no further call."""
        self._left.set()

    def run(self) -> None:
        """Read and abort until left."""
        import libvirt

        while not self._left.is_set():
            # what cannot be read now is read again: libvirt may hold the guest's lock
            with contextlib.suppress(libvirt.libvirtError, HostSilent), self._source.calling:
                domain = cast("Rehearsing", self._source.domain(self._uuid))
                stats = domain.jobStats()
                if self._is_own(stats):
                    self.latest = reading_of(stats, self._mirrors(domain))
                    if self._abort.is_set() and not self._left.is_set():
                        domain.abortJob()
                        self.has_aborted = True
            self._left.wait(POLL)

    def _is_own(self, stats: dict[str, int]) -> bool:
        """Report whether the job is an outgoing migration that has not lasted longer than this call."""
        import libvirt

        if stats.get("type") not in (libvirt.VIR_DOMAIN_JOB_BOUNDED, libvirt.VIR_DOMAIN_JOB_UNBOUNDED):
            return False
        outgoing = libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
        lasted = stats.get("time_elapsed", 0) / 1000
        return stats.get("operation", outgoing) == outgoing and lasted <= time.monotonic() - self._began + SLACK

    def _mirrors(self, domain: "Rehearsing") -> bool | None:
        """Report whether every copied disk has a block job; None if no disk is copied."""
        return all(domain.blockJobInfo(target) for target in self._copied) if self._copied else None


class _Watch:
    """Follows one rehearsal, and has it aborted."""

    def __init__(self, rehearsal: Rehearsal, guest: PlannedGuest, copied: Sequence[str]) -> None:
        self._stopping = rehearsal.run.stopping
        self._reader = _Reader(rehearsal.watching, guest, copied)
        self._first: float | None = None
        #: Why it was aborted, and seconds until the destination took the guest; None if neither came to be.
        self.end: Ending | None = None
        self.begun_after: float | None = None

    @property
    def was_aborted(self) -> bool:
        """True once libvirt has accepted the abort."""
        return self._reader.has_aborted

    def follow(self, moving: Transfer) -> None:
        """Abort the migration once it has shown enough, and return when libvirt's call has ended, or does not end."""
        began, asked = time.monotonic(), None
        self._reader.start()
        try:
            while moving.is_alive():
                moving.join(POLL)
                now = time.monotonic()
                self._look(self._reader.latest or Reading(), now, began)
                if self.end is not None:
                    asked = now if asked is None else asked
                    self._reader.abort()
                if asked is not None and now - asked > AFTER_ABORT:
                    return
        finally:
            self._reader.leave()

    def _look(self, reading: Reading, now: float, began: float) -> None:
        if reading.has_begun and self._first is None:
            self._first, self.begun_after = now, now - began
        if self.end is None:
            since = None if self._first is None else now - self._first
            self.end = ends(reading, now - began, since)
            if self.end is None and self._stopping.is_set():
                self.end = Ending("the run was interrupted")
