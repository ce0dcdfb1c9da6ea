"""The causes of an audit in words, as all formats for people show them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from preflight.fleet.audited import Audited
from preflight.fleet.groups import Group, further_last
from preflight.fleet.matrix import FURTHER, Cause, Cell, Matrix
from preflight.judge.report import Outcome
from preflight.output.audit.names import short_names
from preflight.output.remedies import remedy
from preflight.output.report.problems import about
from preflight.output.terminal import listed
from preflight.visible import many, unnamed

#: Texts of one group that are quoted.
QUOTED = 2
#: What a cause between hosts is at.
BETWEEN = "between hosts"


class Told(Struct, frozen=True):
    """A group of causes in words; texts are empty where there is nothing to say."""

    #: The place of the group in the order of urgency, from 1.
    number: int
    group: Group
    #: error, warning, info, unknown or waived.
    kind: str
    #: The hosts by their short names; none for causes between hosts.
    hosts: tuple[str, ...]
    texts: tuple[str, ...]
    fix: str
    #: What would make known what is unknown.
    resolve: str

    @property
    def is_decisive(self) -> bool:
        """Report whether it keeps ways from being READY."""
        return self.group.blocks or self.group.obscures

    @property
    def summary(self) -> str:
        """Return the first text, with the number of further ones and the guests."""
        return f"{_first(self.texts)}{about(self.group.guests)}"

    @property
    def help(self) -> tuple[str, str] | None:
        """Return what to do about it, behind its label, fix or resolve; None if nothing is known to help."""
        found = (("fix", self.fix), ("resolve", self.resolve))
        return next((one for one in found if one[1]), None)

    @property
    def has_more_guests(self) -> bool:
        """Report whether it is about more guests than those whose names are kept."""
        return self.texts[-1] == FURTHER

    def effect(self, ways: int) -> str:
        """Return the ways that it is about, of so many."""
        group = self.group
        does = "concerns" if not self.is_decisive else "leaves open" if self.kind == "unknown" else "blocks"
        alone = f", {group.alone} of them alone" if 0 < group.alone < len(group.ways) else ""
        return f"{does} {len(group.ways)} of {many(ways, 'way')}{alone}"


def told(audited: Audited) -> list[Told]:
    """Return the groups of an audit in words, those that keep most ways from being READY first."""
    matrix = audited.matrix
    names = {host.name: short for host, short in zip(matrix.hosts, short_names(matrix), strict=True)}
    return [
        Told(
            number,
            group,
            kind(group.outcome, group.severity.value),
            tuple(names[host] for host in group.hosts),
            _texts(group),
            _fix(group),
            _resolve(group),
        )
        for number, group in enumerate(audited.groups, 1)
    ]


def by_rule(groups: Iterable[Told]) -> dict[tuple[str, str], list[Told]]:
    """Return the groups by their kind and the name of their rule."""
    found: dict[tuple[str, str], list[Told]] = {}
    for one in groups:
        found.setdefault((one.kind, one.group.rule.name), []).append(one)
    return found


def in_short(groups: Sequence[Told]) -> tuple[str, str, str, str, str]:
    """Return kind, rule, hosts, first text and number of ways of groups of one kind and rule."""
    first = groups[0]
    hosts = list(dict.fromkeys(host for one in groups for host in one.hosts))
    said = further_last(text for one in groups for text in one.texts)
    ways = len(frozenset[tuple[int, int]]().union(*(one.group.ways for one in groups)))
    return first.kind, first.group.rule.name, listed(hosts) or BETWEEN, _first(said), str(ways)


def _first(texts: Sequence[str]) -> str:
    """Return the first text with the number of further ones, which is not known if some are not kept."""
    more = "others" if texts[-1] == FURTHER else f"{len(texts) - 1} more"
    return f"{texts[0]}{f' (and {more} like it)' if len(texts) > 1 else ''}"


def kind(outcome: Outcome, severity: str) -> str:
    """Return a cause's outcome, or the severity of a finding."""
    return severity if outcome is Outcome.FAILED else outcome.value


def decisive_of(audited: Audited, groups: Sequence[Told]) -> "Deciding":
    """Return what finds the groups that keep a way from being READY."""
    numbers = {id(cause): one.number for one in groups for cause in one.group.causes}
    return Deciding(audited.matrix, {at: numbers[id(cause)] for at, cause in enumerate(audited.matrix.causes)})


class Deciding(Struct, frozen=True):
    """Finds the groups that keep a way, or a guest on it, from being READY."""

    matrix: Matrix
    #: The number of its group for each cause.
    numbers: Mapping[int, int]

    def of(self, cell: Cell, guest: str | None = None) -> tuple[int, ...]:
        """Return the numbers of the groups: for a guest, without those that are about other guests."""
        return tuple(sorted({self.numbers[at] for at, _ in self.causes(cell, guest)}))

    def causes(self, cell: Cell, guest: str | None = None) -> Iterator[tuple[int, Cause]]:
        """Yield the causes that keep the way from being READY, with their numbers."""
        for at in sorted(cell.causes):
            cause = self.matrix.causes[at]
            if (cause.blocks or cause.obscures) and (guest is None or cause.guest in (None, guest)):
                yield at, cause


def _texts(group: Group) -> tuple[str, ...]:
    """Return what the causes say; the guest has its name if there is only one."""
    if len(group.guests) == 1:
        return further_last(cause.text for cause in group.causes)
    return group.texts


def _fix(group: Group) -> str:
    """Return the remedy; nothing for what is unknown or waived."""
    if group.outcome is not Outcome.FAILED:
        return ""
    fixes = list(dict.fromkeys(unnamed(cause.fix, cause.guest) for cause in group.causes if cause.fix))
    return fixes[0] if len(fixes) == 1 else advice(group.causes[0])


def _resolve(group: Group) -> str:
    """Return what would make known what is unknown, for as many reasons as are quoted."""
    if group.outcome is not Outcome.UNKNOWN:
        return ""
    return " ".join(list(dict.fromkeys(filter(None, map(remedy, group.texts))))[:QUOTED])


def advice(cause: Cause) -> str:
    """Return the remedy for a cause, or its rule's general advice, in one line."""
    return cause.fix or " ".join(cause.rule.fix.split())
