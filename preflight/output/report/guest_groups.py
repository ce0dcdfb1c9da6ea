"""The guests of a report, grouped by their verdict and what it is due to."""

from collections.abc import Sequence

from msgspec import Struct

from preflight.judge.report import ALL_GUESTS, SEVERE, Report, Result, Verdict, judge


class Group(Struct, frozen=True):
    """Guests that share a verdict and its causes."""

    verdict: Verdict
    #: The rules about these guests that decide over them.
    rules: tuple[str, ...]
    #: True if what was found about the hosts gives them this verdict too.
    due_to_hosts: bool
    guests: tuple[str, ...]


class Grouped(Struct, frozen=True):
    """All guests by groups, and the verdict that the hosts alone give to every guest."""

    of_hosts: Verdict
    #: The rules about the hosts that decide over every guest, and the gaps in what the hosts answer, as causes.
    rules: tuple[str, ...]
    gaps: tuple[str, ...]
    groups: tuple[Group, ...]


def grouped(report: Report) -> Grouped:
    """Return the guests in groups, those that cannot be migrated first, and of these the largest."""
    gaps = [gap for gap in report.gaps() if gap.results]
    of_gaps = {id(result) for gap in gaps for result in gap.results}
    own: dict[str | None, list[Result]] = {}
    for result in report.results:
        if (result.blocks or result.obscures) and result.subject != ALL_GUESTS:
            own.setdefault(None if id(result) in of_gaps else result.guest, []).append(result)
    about_hosts = own.get(None, ())
    of_hosts = judge(about_hosts)
    groups: dict[tuple[Verdict, tuple[str, ...]], list[str]] = {}
    for guest in report.guests:
        groups.setdefault((guest.verdict, _decisive(own.get(guest.name, ()))), []).append(guest.name)
    found = [
        Group(verdict, rules, verdict is of_hosts is not Verdict.READY, tuple(names))
        for (verdict, rules), names in groups.items()
    ]
    found.sort(key=lambda group: (SEVERE.index(group.verdict), -len(group.guests), group.rules))
    rules = _decisive([result for result in about_hosts if id(result) not in of_gaps])
    return Grouped(of_hosts, rules, tuple(gap.name for gap in gaps), tuple(found))


def _decisive(results: Sequence[Result]) -> tuple[str, ...]:
    """Return the rules that the verdict is due to: those that found an error, or else those that may."""
    blocking = [result for result in results if result.blocks]
    return tuple(dict.fromkeys(result.rule.name for result in blocking or results))
