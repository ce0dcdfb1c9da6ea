"""The causes of a matrix as people act on them, and the verdict on all hosts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from preflight.fleet.matrix import FURTHER, Cause, Cell, Matrix
from preflight.judge.report import Outcome, RuleText, Verdict, best, worst
from preflight.rule import Severity
from preflight.visible import unnamed


class Group(Struct, frozen=True):
    """What a rule found, or could not find out, at some hosts, with all ways that it is about."""

    rule: RuleText
    outcome: Outcome
    severity: Severity
    #: The names of the hosts; empty for causes that are about both hosts of a way.
    hosts: tuple[str, ...]
    causes: tuple[Cause, ...]
    #: The texts of the causes, without the names of guests.
    texts: tuple[str, ...]
    #: The ways that meet any of the causes, as the numbers of source and destination.
    ways: frozenset[tuple[int, int]]
    #: The number of these ways that would be READY without this group.
    alone: int = 0

    @property
    def blocks(self) -> bool:
        """Report whether its ways are NOT READY."""
        return any(cause.blocks for cause in self.causes)

    @property
    def obscures(self) -> bool:
        """Report whether its ways cannot be READY."""
        return any(cause.obscures for cause in self.causes)

    @property
    def guests(self) -> tuple[str, ...]:
        """The guests that the causes are about, by name."""
        return tuple(dict.fromkeys(cause.guest for cause in self.causes if cause.guest is not None))


def groups(matrix: Matrix) -> list[Group]:
    """Return the groups of a matrix, those that keep most ways from being READY first.

    What a rule says of one host is one group, however many names it gives; hosts of which it says the same are one too.
    """
    of_host: dict[tuple[str, Outcome, Severity, str | None], dict[str, list[int]]] = {}
    for number, cause in enumerate(matrix.causes):
        key = (cause.rule.name, cause.outcome, cause.severity, cause.host)
        of_host.setdefault(key, {}).setdefault(unnamed(cause.text, cause.guest), []).append(number)
    members: dict[tuple[str, Outcome, Severity, tuple[str, ...]], tuple[dict[str, None], list[int]]] = {}
    for (rule, outcome, severity, host), said in of_host.items():
        hosts, numbers = members.setdefault((rule, outcome, severity, further_last(sorted(said))), ({}, []))
        if host is not None:
            hosts[host] = None
        numbers += [number for same in said.values() for number in same]
    group_of = {number: at for at, (_, numbers) in enumerate(members.values()) for number in numbers}
    ways: list[set[tuple[int, int]]] = [set() for _ in members]
    alone = [0] * len(members)
    for source, destination, cell in matrix.ways:
        for number in cell.causes:
            ways[group_of[number]].add((source, destination))
        decisive = {group_of[one] for one in cell.causes if matrix.causes[one].blocks or matrix.causes[one].obscures}
        if len(decisive) == 1:
            alone[decisive.pop()] += 1
    found = []
    for at, ((_, outcome, severity, texts), (hosts, numbers)) in enumerate(members.items()):
        causes = tuple(matrix.causes[number] for number in numbers)
        met = frozenset(ways[at])
        found.append(Group(causes[0].rule, outcome, severity, tuple(hosts), causes, texts, met, alone[at]))
    return sorted(found, key=_urgency)


def further_last(texts: Iterable[str]) -> tuple[str, ...]:
    """Return each text once, in order, and at the end the one that stands for others."""
    return tuple(sorted(dict.fromkeys(texts), key=FURTHER.__eq__))


def _urgency(group: Group) -> tuple[int, int, int, int, str, tuple[str, ...]]:
    decides = 0 if group.blocks else 1 if group.obscures else 2
    return decides, -group.severity.rank, -len(group.ways), -group.alone, group.rule.name, group.hosts


def verdict_of(matrix: Matrix, *, every: bool) -> Verdict:
    """Return the verdict on all hosts: READY if every way is (`every`), or else if every guest has a way that is.

    A source of which no guest is known needs a way that is READY itself.
    """
    if every:
        return worst(cell.verdict for _, _, cell in matrix.ways)
    return worst(
        verdict for row, names in zip(matrix.cells, matrix.guests, strict=True) for verdict in _each(row, names)
    )


def _each(row: Mapping[int, Cell], names: Sequence[str]) -> Iterator[Verdict]:
    """Yield the best verdict on each guest of a source, or on its ways if it is not known to have any."""
    cells = row.values()
    if cells and not names:
        yield best(cell.verdict for cell in cells)
    elif cells:
        yield from (best(cell.guests[number] for cell in cells) for number in range(len(names)))
