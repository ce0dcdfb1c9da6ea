"""What a journal tells of guests whose run was cut off: how far each came, and how it had ended."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from preflight.journal import Entry
from preflight.migrate.recovery import Result
from preflight.migrate.run import Ended


class Past(Struct, frozen=True, kw_only=True):
    """One guest as the journal has it."""

    began: bool = False
    handed_over: bool = False
    paused_by_us: bool = False
    #: Its definition, where it had one.
    xml: str | None = None
    #: How it ended, if it did; a later beginning takes it back.
    result: Result | None = None
    source: str | None = None
    destination: str | None = None
    error: str | None = None
    why: str = ""
    seconds: float | None = None
    downtime: float | None = None

    @property
    def is_done(self) -> bool:
        """Whether it has arrived, so that nothing is left to do."""
        return self.result is Result.ARRIVED


def past(entries: Sequence[Entry], uuid: str) -> Past:
    """What the journal tells of one guest."""
    known = Past()
    for entry in entries:
        if entry.guest != uuid:
            continue
        told = entry.told
        if entry.step == "begin":
            known = Past(began=True, xml=told.get("xml") or known.xml)
        elif entry.step == "paused":
            known = replace(known, paused_by_us=True)
        elif entry.step == "handed-over":
            known = replace(known, handed_over=True)
        elif entry.step == "ended":
            known = replace(
                known,
                result=Result(told["result"]),
                **{name: told.get(name) for name in ("source", "destination", "error", "seconds", "downtime")},
                why=told.get("why", ""),
            )
    return known


def of(ended: Ended) -> Past:
    """What this very run knows of a guest that it has moved, or tried to."""
    source, destination = ended.places
    return Past(
        began=True,
        result=ended.result,
        source=source.value,
        destination=destination.value,
        error=ended.error,
        why=ended.why,
        seconds=ended.seconds,
        downtime=ended.downtime,
    )
