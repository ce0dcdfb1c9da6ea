"""All ways between many hosts together: each cause once, with the ways that it blocks, and what follows for hosts.

The judging is done by some processes at once, each with a part of the sources; what a source's ways have in common is
found only once then, and what many sources have in common once in each process.
"""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from preflight.fleet.ways import Way, Ways
from preflight.judge.report import (
    ALL_GUESTS,
    Decides,
    HostSummary,
    Outcome,
    Result,
    RuleText,
    Verdict,
    best,
    judge_each,
)
from preflight.request.applicability import without_data_connection
from preflight.request.check_request import Asked, Migration
from preflight.request.migration import Role
from preflight.rule import AnyChange, Finding, Location, Severity

#: Sources that a process judges before it hands over what it found.
_AT_ONCE = 8


class Cause(Decides, Struct, frozen=True):
    """One problem, or one thing that is not known, of a host, a guest or a way; the same for all ways that meet it."""

    rule: RuleText
    outcome: Outcome
    severity: Severity
    #: The finding's message, or the reason why nothing is known.
    text: str
    #: The name of the host at which it is; None if it is about both hosts of a way.
    host: str | None = None
    #: The guest that it is about; its host is the source of the ways.
    guest: str | None = None
    location: Location | None = None
    predicted_error: str | None = None
    fix: str | None = None
    change: AnyChange | None = None


class Cell(Struct, frozen=True):
    """What was found of one way."""

    verdict: Verdict
    #: The numbers of its causes in `Matrix.causes`.
    causes: tuple[int, ...]
    #: The verdict on each guest of the source, in the order of `Matrix.guests`.
    guests: tuple[Verdict, ...]
    #: How many migrations can be in flight together; None if that is not known.
    allows: int | None
    #: The limit that stops the next one, with the name of its host.
    limited_by: tuple[str, str] | None
    #: True if the source has tried to connect to the destination.
    is_tried: bool = False


#: Texts that are kept of what one rule says of one host: a thousand hosts may each say something of all others.
MOST_TEXTS = 32
#: The text of the cause that stands for all further ones.
FURTHER = "further findings of this kind, whose texts are not kept"


class _Numbers:
    """Numbers of causes; of one rule and host, only so many are told apart."""

    def __init__(self) -> None:
        self.causes: dict[Cause, int] = {}
        self._texts: Counter[tuple[str, Outcome, Severity, str | None]] = Counter()

    def of(self, cause: Cause) -> int:
        """Return the number of a cause, or of that which stands for it."""
        known = self.causes.get(cause)
        if known is not None:
            return known
        kind = (cause.rule.name, cause.outcome, cause.severity, cause.host)
        if self._texts[kind] >= MOST_TEXTS:
            cause = Cause(cause.rule, cause.outcome, cause.severity, FURTHER, cause.host)
        self._texts[kind] += cause not in self.causes
        return self.causes.setdefault(cause, len(self.causes))


#: The cells of one source, by the number of the destination, and the causes that they number.
_Row: TypeAlias = tuple[int, dict[int, Cell], list[Cause]]


class Matrix(Struct, frozen=True):
    """The ways between hosts: a cell for each ordered pair, and the causes that the cells share."""

    hosts: tuple[HostSummary, ...]
    #: The judged guests of each host, by name.
    guests: tuple[tuple[str, ...], ...]
    #: The cells of each source, by the number of the destination; not all hosts need to be either.
    cells: tuple[Mapping[int, Cell], ...]
    causes: tuple[Cause, ...]
    asked: Asked
    rules: tuple[RuleText, ...]

    @property
    def ways(self) -> Iterator[tuple[int, int, Cell]]:
        """Yield each way, as the numbers of its source and its destination, with its cell."""
        for source, row in enumerate(self.cells):
            for destination, cell in row.items():
                yield source, destination, cell

    def tried(self) -> tuple[int, int]:
        """Return how many ways were tried, and how many there are that have a connection of their own to try."""
        if without_data_connection(Migration(method=self.asked.method, offline=self.asked.offline)) is not None:
            return 0, 0
        tried = [cell.is_tried for _, _, cell in self.ways]
        return sum(tried), len(tried)

    def verdicts(self) -> Counter[Verdict]:
        """Return how many ways have each verdict."""
        return Counter(cell.verdict for _, _, cell in self.ways)

    def met_by(self) -> list[list[tuple[int, int]]]:
        """Return, for each cause, the ways that meet it."""
        found: list[list[tuple[int, int]]] = [[] for _ in self.causes]
        for source, destination, cell in self.ways:
            for cause in cell.causes:
                found[cause].append((source, destination))
        return found

    def stuck(self) -> Iterator[tuple[int, str, Verdict]]:
        """Yield the guests without a way that is READY, with the number of their host and the best verdict."""
        for source, names in enumerate(self.guests):
            row = self.cells[source].values()
            for number, name in enumerate(names):
                found = best(cell.guests[number] for cell in row)
                if found is not Verdict.READY:
                    yield source, name, found

    def unreachable(self) -> Iterator[tuple[int, Verdict]]:
        """Yield the hosts to which no way is READY, with the best verdict on the ways."""
        arriving: dict[int, set[Verdict]] = {}
        for _, destination, cell in self.ways:
            arriving.setdefault(destination, set()).add(cell.verdict)
        for number in sorted(arriving):
            found = best(arriving[number])
            if found is not Verdict.READY:
                yield number, found


def matrix(
    ways: Ways,
    *,
    sources: Sequence[int] | None = None,
    destinations: Sequence[int] | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Matrix:
    """Judge all ways from sources to destinations, by the numbers of hosts, all of them by default.

    `jobs` processes judge at once. `progress` is called with the number of sources that are done, and of all.
    """
    everyone = range(len(ways.hosts))
    arriving = tuple(everyone if destinations is None else destinations)
    # the guests of the only destination stay where they are
    leaving = tuple(one for one in (everyone if sources is None else sources) if {*arriving} - {one})
    numbers = _Numbers()
    cells: list[Mapping[int, Cell]] = [{} for _ in everyone]
    names = [ways.guests_of(number) if number in set(leaving) else () for number in everyone]
    same: dict[Cell, Cell] = {}
    for done, (source, row, causes) in enumerate(_rows(ways, names, leaving, arriving, jobs), start=1):
        known = list(map(numbers.of, causes))
        cells[source] = {
            destination: _shared(same, cell, tuple(dict.fromkeys(known[cause] for cause in cell.causes)))
            for destination, cell in row.items()
        }
        progress(done, len(leaving))
    summaries = tuple(ways.summary(number) for number in everyone)
    rules = tuple(rule.text for rule in ways.rules)
    return Matrix(summaries, tuple(names), tuple(cells), tuple(numbers.causes), ways.asked, rules)


def _shared(same: dict[Cell, Cell], cell: Cell, causes: tuple[int, ...]) -> Cell:
    """Return the cell with these causes; equal cells are one object, of which a million take little."""
    numbered = replace(cell, causes=causes)
    return same.setdefault(numbered, numbered)


def _rows(
    ways: Ways, names: Sequence[tuple[str, ...]], sources: Sequence[int], destinations: Sequence[int], jobs: int
) -> Iterator[_Row]:
    if jobs == 1 or len(sources) < 2 * _AT_ONCE:
        yield from (_row(ways, names, source, destinations) for source in sources)
        return
    parts = [sources[at : at + _AT_ONCE] for at in range(0, len(sources), _AT_ONCE)]
    # forked, so that what is parsed already is not parsed again
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), _begin, (ways, names, destinations)) as pool:
        for rows in pool.map(_part, parts):
            yield from rows


_work: list[tuple[Ways, Sequence[tuple[str, ...]], Sequence[int]]] = []


def _begin(ways: Ways, names: Sequence[tuple[str, ...]], destinations: Sequence[int]) -> None:
    _work[:] = [(ways, names, destinations)]


def _part(sources: Sequence[int]) -> list[_Row]:
    ((ways, names, destinations),) = _work
    return [_row(ways, names, source, destinations) for source in sources]


def _row(ways: Ways, names: Sequence[tuple[str, ...]], source: int, destinations: Sequence[int]) -> _Row:
    numbers = _Numbers()
    others = [destination for destination in destinations if destination != source]
    row: dict[int, Cell] = {}
    same: dict[Cell, Cell] = {}
    for destination, way in zip(others, ways.from_source(source, others), strict=True):
        causes = map(numbers.of, _causes(way))
        binding = way.capacity.binding
        cell = Cell(
            verdict=way.verdict,
            causes=tuple(dict.fromkeys(causes)),
            guests=tuple(verdict for _, verdict in judge_each(way.results, names[source])),
            allows=None if binding is None else binding.allows,
            limited_by=None if binding is None else (binding.name, _host(way, binding.host)),
            is_tried=way.is_tried,
        )
        row[destination] = same.setdefault(cell, cell)
    return source, row, list(numbers.causes)


def _host(way: Way, role: Role) -> str:
    return way.source if role is Role.SOURCE else way.destination


def _causes(way: Way) -> Iterator[Cause]:
    for result in way.results:
        at = _at(way, result)
        if result.reason is not None and result.outcome is not Outcome.WAIVED:
            yield Cause(result.rule, Outcome.UNKNOWN, result.rule.severity, result.reason, at, result.guest)
        for finding in result.findings:
            yield _cause(way, result, finding, at)


def _cause(way: Way, result: Result, finding: Finding, at: str | None) -> Cause:
    return Cause(
        rule=result.rule,
        outcome=result.outcome,
        severity=finding.severity or result.rule.severity,
        text=finding.message,
        host=at if finding.host is None else _host(way, finding.host),
        guest=result.guest,
        location=finding.location,
        predicted_error=finding.predicted_error,
        fix=finding.fix,
        change=finding.change,
    )


def _at(way: Way, result: Result) -> str | None:
    """Return the host that a result is about if its findings name none."""
    if result.subject in tuple(Role):
        return _host(way, Role(result.subject))
    return way.source if result.guest is not None or result.subject == ALL_GUESTS else None
