"""Reads from a journal how far each guest of an interrupted run came, and how its move ended."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from preflight.migrate.outcome import Intent, LogMark, Result
from preflight.migrate.run import Ended, Run
from preflight.schema import journal as steps
from preflight.schema.journal import Entry
from preflight.schema.plan import PlannedGuest


class Past(Struct, frozen=True, kw_only=True):
    """One guest's move, as the journal records it."""

    began: bool = False
    #: Time of the beginning, in seconds since the epoch.
    began_at: float | None = None
    handed_over: bool = False
    confirmed: bool = False
    paused_by_us: bool = False
    #: Whether it was paused on the source, and defined on the destination, when its move began; None if unknown.
    paused: bool | None = None
    is_defined_there: bool | None = None
    #: Its definition, if it had one.
    xml: str | None = None
    #: The end of the log of its QEMU on the source when its move began.
    log_mark: LogMark | None = None
    #: How the move ended, if it did; reset if it begins again.
    result: Result | None = None
    source: str | None = None
    destination: str | None = None
    error: str | None = None
    why: str = ""
    seconds: float | None = None
    downtime: float | None = None
    #: State files of a guest that is off of which the source keeps its own copy.
    kept: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """True if the guest has arrived as requested, so that nothing is left to do."""
        return self.result is Result.ARRIVED and not self.why

    def of_now(self, guest: PlannedGuest) -> PlannedGuest:
        """Return the guest as it was when its move began, instead of when the plan was made."""
        seen = {"paused": self.paused, "is_defined_there": self.is_defined_there}
        return guest.model_copy(update={name: value for name, value in seen.items() if value is not None})

    def intent(self, run: Run, guest: PlannedGuest) -> Intent:
        """Return what is intended for the guest, and how far its move is known to have come."""
        known = run.intent(self.of_now(guest), handed_over=self.handed_over, paused_by_us=self.paused_by_us)
        return replace(known, confirmed=self.confirmed, log_mark=self.log_mark or known.log_mark)


def past(entries: Sequence[Entry], uuid: str) -> Past:
    """Return what the journal records about one guest."""
    return pasts(entries).get(uuid, Past())


def pasts(entries: Sequence[Entry]) -> dict[str, Past]:
    """Return what the journal records about each guest in it, by UUID."""
    known: dict[str, Past] = {}
    for entry in entries:
        if entry.guest is not None:
            known[entry.guest] = _after(known.get(entry.guest, Past()), entry)
    return known


def _after(known: Past, entry: Entry) -> Past:
    if isinstance(entry, steps.Begin):
        told = entry.told
        return Past(
            began=True,
            began_at=entry.at,
            xml=told.xml or known.xml,
            paused=told.paused,
            is_defined_there=told.is_defined_there,
            log_mark=None if told.log is None else LogMark(inode=told.log.inode, size=told.log.size),
        )
    if isinstance(entry, steps.Paused):
        return replace(known, paused_by_us=True)
    if isinstance(entry, steps.Copied):
        return replace(known, kept=tuple(entry.told.paths))
    if isinstance(entry, steps.HandedOver):
        return replace(known, handed_over=True, confirmed=known.confirmed or entry.told.confirmed)
    if isinstance(entry, steps.Defined):
        return replace(known, handed_over=True)
    if isinstance(entry, steps.Ended):
        end = entry.told
        return replace(
            known,
            result=Result(end.result),
            source=end.source,
            destination=end.destination,
            error=end.error,
            why=end.why,
            seconds=end.seconds,
            downtime=end.downtime,
        )
    return known


def of(ended: Ended) -> Past:
    """Return the same for a guest that this run has moved, or tried to move."""
    source, destination = ended.places
    return Past(
        began=True,
        handed_over=ended.handed_over,
        paused_by_us=ended.paused_by_us,
        paused=ended.guest.paused,
        is_defined_there=ended.guest.is_defined_there,
        result=ended.result,
        source=source.value,
        destination=destination.value,
        error=ended.error,
        why=ended.why,
        seconds=ended.seconds,
        downtime=ended.downtime,
        kept=ended.kept,
    )
