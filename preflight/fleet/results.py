"""Findings and unknowns that are new or gone, and the changes that explain them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from preflight.fleet.difference import Change, ChangedResult, ChangedVerdict, Effect
from preflight.host import Host
from preflight.judge.report import Outcome, Report, Result
from preflight.judge.ruleset import Rule
from preflight.request.migration import Role
from preflight.rule import Finding

#: Changes that are named as the reason for one result.
_NAMED = 3
#: Words that say nothing about what changed.
_COMMON = frozenset((
    "added", "another", "destination", "from", "gone", "guest", "host", "line", "not", "running", "set",
    "source", "that", "the", "was", "with",
))  # fmt: skip
_WORD = re.compile(r"[\w./:-]{3,}")
#: How bad an outcome is.
_BAD = {Outcome.FAILED: 2, Outcome.UNKNOWN: 1}


def verdict_of(old: Report, new: Report) -> ChangedVerdict:
    """Return the verdict before and after."""
    return ChangedVerdict(None, old.verdict, new.verdict)


def guests_of(old: Report, new: Report) -> tuple[ChangedVerdict, ...]:
    """Return the guests of both reports whose verdict changed."""
    before = {guest.name: guest.verdict for guest in old.guests}
    return tuple(
        ChangedVerdict(guest.name, before[guest.name], guest.verdict)
        for guest in new.guests
        if guest.name in before and before[guest.name] is not guest.verdict
    )


class Causes:
    """The changes of both hosts, and the rules that read what changed."""

    def __init__(
        self, changes: Iterable[Change], rules: Iterable[Rule] = (), hosts: Mapping[Role, Host] | None = None
    ) -> None:
        self._changes = tuple(changes)
        self._rules = {rule.name: rule for rule in rules}
        self._hosts = hosts or {}

    def of(self, result: Result, finding: Finding | None) -> tuple[str, ...]:
        """Return the texts of the changes that explain a result: those in its file, else those that its rule reads."""
        in_file = [
            one
            for one in self._changes
            if finding is not None
            and finding.location is not None
            and one.path == finding.location.path
            and (finding.host is None or one.host == self._name(finding.host))
        ]
        read = [one for one in self._changes if self._reads(result, one)]
        at = [one for one in in_file if finding and finding.location and one.line == finding.location.line]
        said = _words(finding.message if finding is not None else result.reason or "")
        same = [one for one in read if said & (_words(one.text) - {one.guest})]
        return tuple(dict.fromkeys(one.text for one in (at or in_file or same or read)))[:_NAMED]

    def _name(self, role: Role) -> str | None:
        host = self._hosts.get(role)
        return None if host is None else host.name

    def _reads(self, result: Result, change: Change) -> bool:
        """Report whether the rule reads a record that shows the change, of the host and the guest that it is about."""
        rule = self._rules.get(result.rule.name)
        if rule is None or (change.guest is not None and result.guest not in (None, change.guest)):
            return False
        for role, host in self._hosts.items():
            if host.name == change.host:
                records = {name for kind in rule.facts(role) for name in host.sources[kind].records}
                if rule.per_guest and role is Role.SOURCE:
                    records.add("libvirt.domains")
                if not records.isdisjoint(change.records):
                    return True
        return False


def _words(text: str) -> set[str]:
    """Return the words of a text that may name what changed."""
    return {word.strip(".:,") for word in _WORD.findall(text)} - _COMMON


def changed(old: Report, new: Report, causes: Causes) -> Iterator[ChangedResult]:
    """Yield the findings and unknowns that are new, the worst first, then those that are gone."""
    before, after = (dict(_each(report.results)) for report in (old, new))
    outcomes = [{(one.rule.name, one.subject): one.outcome for one in report.results} for report in (old, new)]
    appeared = [(key, *after[key]) for key in after if key not in before]
    gone = [(key, *before[key]) for key in before if key not in after]
    for is_new, these in ((True, appeared), (False, gone)):
        for _, result, finding in sorted(these, key=lambda one: (-one[1].severity.rank, -_BAD[one[1].outcome])):
            was, now = (known.get((result.rule.name, result.subject)) for known in outcomes)
            yield ChangedResult(
                rule=result.rule.name,
                subject=result.subject,
                severity=(result.severity if finding is None or finding.severity is None else finding.severity).value,
                before=None if was is None else was.value,
                after=None if now is None else now.value,
                effect=_effect(was, now, is_new=is_new),
                text=result.reason or "" if finding is None else finding.message,
                because=causes.of(result, finding),
            )


def _effect(was: Outcome | None, now: Outcome | None, *, is_new: bool) -> Effect:
    """Return whether the result is worse; a finding that only changed its words is neither."""
    if was is now:
        return Effect.NEITHER
    before, after = _BAD.get(was, 0) if was else 0, _BAD.get(now, 0) if now else 0
    if is_new:
        return Effect.WORSE if after > before else Effect.NEITHER
    return Effect.BETTER if after < before else Effect.NEITHER


def _each(results: Sequence[Result]) -> Iterator[tuple[tuple[str, str, str], tuple[Result, Finding | None]]]:
    for result in results:
        if result.outcome is Outcome.FAILED:
            for finding in result.findings:
                yield (result.rule.name, result.subject, finding.message), (result, finding)
        if result.outcome is Outcome.UNKNOWN or (result.outcome is Outcome.FAILED and result.reason):
            yield (result.rule.name, result.subject, f"unknown: {result.reason}"), (result, None)
