"""The findings of a report as problems to solve: one for each cause, in the order in which one would solve them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from preflight.judge.report import Outcome, Report, Result, RuleText
from preflight.output.remedies import remedy
from preflight.request.migration import Role
from preflight.rule import Finding, Severity
from preflight.visible import named, unnamed

#: The subjects of rules, in the order in which their findings should be fixed: without a login nothing else is known,
#: and without the right hosts, names and daemons little. The subjects of a site's own rules come last.
SUBJECTS = (
    "files",
    "login",
    "identity",
    "names",
    "daemon",
    "versions",
    "mode",
    "network",
    "storage",
    "guests",
    "limits",
)
#: Guests that are named where the text goes on behind them.
_NAMED = 2

_Key: TypeAlias = tuple[object, ...]


class Problem(Struct, frozen=True):
    """A finding, and the guests that it is about."""

    rule: RuleText
    severity: Severity
    #: Has `GUEST` in place of the guest's name if the finding is about several.
    finding: Finding
    #: The result that the finding is part of, for the first of its guests.
    result: Result
    #: The names of the guests; empty for a finding about the hosts.
    guests: tuple[str, ...] = ()


class Unknown(Struct, frozen=True):
    """A reason for which something is unknown, and the results that it leaves open."""

    #: Has `GUEST` in place of the guest's name if the reason is about several.
    reason: str
    results: tuple[Result, ...]
    #: The hosts that could not be logged in to, or whose libvirt could not be queried, if that is the reason.
    silent: tuple[Role, ...] = ()

    @property
    def is_decisive(self) -> bool:
        """Report whether an error may hide behind it."""
        return any(result.obscures for result in self.results)

    @property
    def resolve(self) -> str | None:
        """Return the right or the command that would make it known; None if docs/troubleshooting.md names none."""
        return remedy(self.reason) or (remedy(self.results[0].reason or "") if self.silent else None)


def about(guests: Sequence[str]) -> str:
    """Return the guests or their number, in brackets; nothing if there are none, for a finding about the hosts."""
    if len(guests) > _NAMED:
        return f" ({len(guests)} guests)"
    return f" (guest{'s' if len(guests) > 1 else ''} {', '.join(map(named, guests))})" if guests else ""


def by_rule(rules: Mapping[str, Sequence[str]]) -> str:
    """Return the rules, each with its guest or the number of its guests."""
    return ", ".join(rule + about(guests) for rule, guests in sorted(rules.items()))


def in_order(results: Iterable[Result]) -> list[Result]:
    """Return the results in the order in which one would fix what they found: errors first, then by subject."""
    return sorted(results, key=_urgency)


def problems(results: Iterable[Result], outcome: Outcome = Outcome.FAILED) -> list[Problem]:
    """Return what failed, or was waived: findings that say the same of several guests are one problem."""
    groups: dict[_Key, tuple[Result, Finding, list[str]]] = {}
    for result in in_order(result for result in results if result.outcome is outcome):
        for finding in result.findings:
            _, _, guests = groups.setdefault(_key(result, finding), (result, finding, []))
            if result.guest is not None and result.guest not in guests[-1:]:
                guests.append(result.guest)
    found = [
        Problem(
            result.rule,
            severity(result, finding),
            finding if len(guests) < 2 else anonymous(finding, guests[0]),
            result,
            tuple(guests),
        )
        for result, finding, guests in groups.values()
    ]
    return sorted(found, key=lambda problem: -problem.severity.rank)


def severity(result: Result, finding: Finding) -> Severity:
    """Return how bad a finding is: as bad as its result, unless it is milder."""
    own = finding.severity
    return own if own is not None and own.rank < result.severity.rank else result.severity


def anonymous(finding: Finding, guest: str) -> Finding:
    """Return the finding with `GUEST` for the guest's name."""
    return replace(
        finding,
        message=unnamed(finding.message, guest),
        predicted_error=finding.predicted_error and unnamed(finding.predicted_error, guest),
        fix=finding.fix and unnamed(finding.fix, guest),
    )


def _key(result: Result, finding: Finding) -> _Key:
    """Return a key that is equal for findings that are one problem; each finding about the hosts is a problem."""
    if result.guest is None:
        return (id(finding),)
    general = anonymous(finding, result.guest)
    at = finding.location
    place = at and (at.path, at.line, at.column)
    text = (general.message, general.predicted_error, general.fix)
    return (result.rule.name, result.severity, finding.severity, finding.host, place, *text)


def _urgency(result: Result) -> tuple[int, int, bool, str]:
    subject = result.rule.topic
    rank = SUBJECTS.index(subject) if subject in SUBJECTS else len(SUBJECTS)
    return -result.severity.rank, rank, result.guest is not None, result.rule.name


def unknowns(report: Report) -> list[Unknown]:
    """Return what is unknown, by reason: each gap in what hosts answer is one; decisive ones come first."""
    gaps = report.gaps()
    due_to_gaps = {id(result) for gap in gaps for result in gap.results}
    found = [Unknown(gap.text, gap.results, gap.roles) for gap in gaps if gap.results]
    groups: dict[str, list[Result]] = {}
    # picked before they are sorted: of 200,000 results nearly all have passed
    others = [one for one in report.results if one.outcome is Outcome.UNKNOWN and id(one) not in due_to_gaps]
    for result in in_order(others):
        groups.setdefault(unnamed(result.reason or "", result.guest), []).append(result)
    for reason, results in groups.items():
        guests = {result.guest for result in results}
        found.append(Unknown(reason if len(guests) > 1 else results[0].reason or "", tuple(results)))
    return sorted(found, key=lambda one: not one.is_decisive)


def resolve(result: Result) -> str | None:
    """Return what would make known what a result leaves open; None if it leaves nothing open, or none is named."""
    if result.outcome not in (Outcome.UNKNOWN, Outcome.FAILED):
        return None
    return remedy(unnamed(result.reason or "", result.guest))


def in_turn(found: Iterable[Problem], unclear: Iterable[Unknown]) -> list[Problem | Unknown]:
    """Return all of them in the order in which to deal with them: errors, what may hide one, the rest of each."""
    return sorted((*found, *unclear), key=_turn)


def _turn(one: Problem | Unknown) -> int:
    if isinstance(one, Unknown):
        return 1 if one.is_decisive else 3
    return 0 if one.severity is Severity.ERROR else 2
