"""The outcome of a run for each guest, for people."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from preflight.migrate.ledger import Row
from preflight.migrate.observation import Place
from preflight.migrate.outcome import Result
from preflight.output.staying import Staying, staying
from preflight.output.terminal import columns, width, wrapped
from preflight.visible import named, one_line


class Planned(Protocol):
    """The part of a plan that is shown: the two hosts as the user named them, and when it was made."""

    @property
    def source(self) -> str:
        """Return the host that the guests leave."""

    @property
    def destination(self) -> str:
        """Return the host that the guests move to."""

    @property
    def made(self) -> float:
        """Return the time at which the run was planned, in seconds since the epoch."""

    @property
    def rehearsal(self) -> bool:
        """Report whether the run is a rehearsal, which takes each guest back."""

    @property
    def stays(self) -> Sequence[Staying]:
        """Return the guests that were selected too, and stay because they are not READY."""


class Told(Protocol):
    """A ledger, of a run or from a saved report."""

    @property
    def plan(self) -> Planned:
        """Return the plan, as far as it is shown."""

    @property
    def rows(self) -> Sequence[Row]:
        """Return the rows of all guests."""


_WORDS = {
    Result.ARRIVED: "ARRIVED",
    Result.STAYED: "STAYED",
    Result.STOPPED: "STOPPED",
    Result.PAUSED: "PAUSED",
    Result.BOTH: "ON BOTH HOSTS",
    Result.LOST: "LOST",
    Result.UNKNOWN: "UNKNOWN",
}


#: The heads of a table of guests; the two hosts come after the second.
HEADS = ("guest", "result", "duration", "downtime")


def render(ledger: Told, _colour: bool) -> str:
    """Return a line for each guest, the reason for each that did not arrive, and one line for all."""
    plan, wide = ledger.plan, width()
    hosts = (f"on {one_line(plan.source)}", f"on {one_line(plan.destination)}")
    table = [(HEADS[0], HEADS[1], *hosts, *HEADS[2:]), *map(cells, ledger.rows)]
    lines = [*remarks(ledger), verdict(ledger)]
    shown = [*columns(table, width=wide), "", *(part for line in lines for part in wrapped(line, width=wide))]
    return "\n".join(shown) + "\n"


def cells(row: Row) -> tuple[str, ...]:
    """Return the cells of a guest's row."""
    return (
        named(row.name),
        "NOT BEGUN" if not row.began and row.result in (None, Result.STAYED) else _word(row),
        "?" if row.source is None else row.source.value,
        "?" if row.destination is None else row.destination.value,
        "" if row.seconds is None else f"{row.seconds:.1f} s",
        "" if row.downtime is None else f"{row.downtime * 1000:.0f} ms",
    )


def remarks(ledger: Told) -> Iterator[str]:
    """Yield what there is to say about guests, a line each: what was left behind, and why a guest did not arrive."""
    for row in ledger.rows:
        yield from remarks_on(row)
    for guest in ledger.plan.stays:
        yield f"not begun: {staying(guest)}"


def remarks_on(row: Row) -> Iterator[str]:
    """Yield the same about one guest."""
    if row.kept and row.result is Result.ARRIVED:
        yield one_line(f"{named(row.name)}: the source keeps its own {', '.join(row.kept)}")
    if row.result is Result.ARRIVED and not row.why:
        return
    if row.error:
        yield f"{named(row.name)}: {one_line(row.error)}"
    if row.why:
        yield f"{named(row.name)}: {one_line(row.why)}"
    if row.rule:
        yield f"{named(row.name)}: see `preflight explain {one_line(row.rule)}`"


def verdict(ledger: Told) -> str:
    """Return the line about all guests."""
    ends = one_line(f"{ledger.plan.source} -> {ledger.plan.destination}")
    return f"{word(ledger)}  {ends}: {count(ledger)}"


def word(ledger: Told) -> str:
    """Return the outcome of the run."""
    done = _done(ledger) == len(ledger.rows)
    if ledger.plan.rehearsal:
        return "TAKEN BACK" if done else "NOT TAKEN BACK"
    if not done:
        return "NOT ARRIVED"
    return "ARRIVED" if all(map(is_as_asked, ledger.rows)) else "ARRIVED, BUT NOT AS REQUESTED"


def count(ledger: Told) -> str:
    """Return how many of the guests have arrived, or are on the source as before their rehearsal."""
    total = len(ledger.rows)
    some = f"{_done(ledger)} of {total} {'guest' if total == 1 else 'guests'}"
    if ledger.plan.rehearsal:
        return f"{some} on the source as before the rehearsal"
    return f"{some}; {len(ledger.plan.stays)} not READY" if ledger.plan.stays else some


def _done(ledger: Told) -> int:
    if ledger.plan.rehearsal:
        return sum(map(is_taken_back, ledger.rows))
    return sum(row.result is Result.ARRIVED for row in ledger.rows)


def is_taken_back(row: Row) -> bool:
    """Report whether a guest that was rehearsed runs on the source, as before."""
    return row.result is Result.STAYED and row.source is Place.RUNNING


def is_as_asked(row: Row) -> bool:
    """Report whether a guest has arrived exactly as requested, which exit code 0 says of all guests."""
    return row.result is Result.ARRIVED and not row.why


def _word(row: Row) -> str:
    return "UNDER WAY" if row.result is None else _WORDS[row.result]
