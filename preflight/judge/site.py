"""Changes that a site makes to the rules: further ones, other severities, and findings that it accepts until a date.

A rule that guards data keeps its severity and its findings, whatever a file says.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from preflight.errors import UserError
from preflight.judge.report import Applied, Outcome, Result, Use
from preflight.judge.ruleset import Rule, find, load, named
from preflight.request.check_request import Site
from preflight.request.configured import Waiver
from preflight.request.migration import Role
from preflight.rule import Finding, Severity

_STARS = re.compile(r"\*+")


class Ends(Struct, frozen=True):
    """The names of both hosts: of each the one that was typed, and the host's name or address in it."""

    source: tuple[str, ...]
    destination: tuple[str, ...]

    def of(self, role: Role) -> tuple[str, ...]:
        """Return the names of the host in this role."""
        return self.source if role is Role.SOURCE else self.destination


def rules_of(site: Site) -> tuple[Rule, ...]:
    """Return the rules of preflight and of the site, with the site's severities and thresholds; raises `UserError`."""
    rules = load(site.rules, site.packs)
    refuse_waivers(rules, site.configured.waivers)
    _refuse_ignored(rules, site)
    return _with_thresholds(_with_severities(rules, dict(site.severity)), dict(site.thresholds))


def refuse_waivers(rules: Sequence[Rule], waivers: Iterable[Waiver]) -> None:
    """Raise `UserError` for a waiver of a rule that does not exist or that guards data."""
    by_name = {rule.name: rule for rule in rules}
    for waiver in waivers:
        if fault := fault_of(waiver, by_name):
            raise UserError(f"{waiver.file}: waiver: {waiver.rule}: {fault}")


def fault_of(waiver: Waiver, rules: Mapping[str, Rule]) -> str:
    """Return why a waiver can never apply; empty if it can."""
    rule = rules.get(waiver.rule)
    if rule is None:
        close = get_close_matches(waiver.rule, rules, n=1)
        return f"there is no such rule; {f'did you mean {close[0]}?' if close else 'see `preflight rules`'}"
    return "guards data and cannot be waived" if rule.body.guards_data else ""


def _refuse_ignored(rules: Sequence[Rule], site: Site) -> None:
    """Raise `UserError` if the configuration file ignores a rule that guards data."""
    ignored = site.configured.values.get("ignore", ())
    assert isinstance(ignored, Sequence)
    unwanted = named(rules, ignored)
    guarding = sorted(rule.name for rule in rules if rule.body.guards_data and rule.name in unwanted)
    if guarding:
        raise UserError(
            f"{site.configured.origins['ignore']}: ignore: {', '.join(guarding)}: guards data; give --ignore on the"
            " command line, which alone can ignore it"
        )


def _with_severities(rules: Sequence[Rule], severities: dict[str, str]) -> tuple[Rule, ...]:
    unknown = sorted(severities.keys() - {rule.name for rule in rules})
    if unknown:
        named(rules, unknown)  # says what is close to it
        raise UserError(
            f"severity: {unknown[0]} is a subject, not a rule: name its rules, which `preflight rules` lists"
        )
    return tuple(
        _with_severity(rule, Severity(severities[rule.name])) if rule.name in severities else rule for rule in rules
    )


def _with_thresholds(rules: tuple[Rule, ...], thresholds: Mapping[str, float]) -> tuple[Rule, ...]:
    has = {rule.name for rule in rules if rule.body.threshold is not None and not rule.body.guards_data}
    for name in sorted(thresholds.keys() - has):
        find(rules, name)  # says what is close to it
        raise UserError(
            f"threshold: {name} has no threshold that can be changed; those that have one: {', '.join(sorted(has))}"
        )
    return tuple(
        replace(rule, body=replace(rule.body, threshold=thresholds[rule.name])) if rule.name in thresholds else rule
        for rule in rules
    )


def _with_severity(rule: Rule, severity: Severity) -> Rule:
    if rule.body.guards_data and severity.rank < rule.body.severity.rank:
        raise UserError(
            f"severity: {rule.name} guards data, so its severity cannot be lowered to {severity.value}: leave it as"
            " it is"
        )
    return replace(rule, text=replace(rule.text, severity=severity), body=replace(rule.body, severity=severity))


def waive(
    results: Sequence[Result], site: Site, ends: Ends, rules: Iterable[Rule]
) -> tuple[tuple[Result, ...], tuple[Applied, ...]]:
    """Return the results with those waived whose findings are all covered, and the effect of each waiver.

    A result that is unknown in part becomes unknown as a whole if its findings are waived.
    """
    about: list[Waiver] = []
    misnamed: list[Waiver] = []
    for waiver in site.configured.waivers:
        if _is_about(waiver, ends):
            about.append(waiver)
        elif waiver.misnamed((*ends.source, *ends.destination)):
            misnamed.append(waiver)
    by_rule: dict[str, list[Waiver]] = {}
    for waiver in about:
        by_rule.setdefault(waiver.rule, []).append(waiver)
    covering: dict[int, Use] = {}
    judged = tuple(
        _waived(result, by_rule[result.rule.name], site, ends, covering)
        if result.outcome is Outcome.FAILED and result.rule.name in by_rule
        else result
        for result in results
    )
    applied = {rule.name for rule in rules}
    uses = [Applied(waiver, covering.get(id(waiver), Use.UNUSED)) for waiver in about]
    uses += [Applied(waiver, Use.MISNAMED) for waiver in misnamed]
    return judged, tuple(use for use in uses if use.waiver.rule in applied)


def _waived(result: Result, waivers: Sequence[Waiver], site: Site, ends: Ends, covering: dict[int, Use]) -> Result:
    """Return the result as it counts, and note in `covering` each waiver that covers one of its findings."""
    found: dict[str, None] = {}
    is_covered = True
    for finding in result.findings:
        covers = [waiver for waiver in waivers if _covers(waiver, result, finding, ends)]
        valid = [waiver for waiver in covers if site.today <= waiver.expires]
        for waiver in covers:
            covering[id(waiver)] = Use.WAIVES if waiver in valid else Use.EXPIRED
        found |= dict.fromkeys(waiver.said for waiver in valid[:1])
        is_covered = is_covered and bool(valid)
    if not is_covered:
        return result
    if result.reason is not None:
        return replace(result, outcome=Outcome.UNKNOWN, severity=result.rule.severity, findings=())
    return replace(result, outcome=Outcome.WAIVED, reason="; ".join(found))


def _covers(waiver: Waiver, result: Result, finding: Finding, ends: Ends) -> bool:
    if waiver.pairs:
        return True  # the waiver is about this pair
    role = finding.host or (Role(result.subject) if result.subject in tuple(Role) else None)
    return role is not None and any(_matches(pattern, ends.of(role)) for pattern in waiver.hosts)


def _is_about(waiver: Waiver, ends: Ends) -> bool:
    return any(_is_pair(pair, ends) for pair in waiver.pairs) or any(
        _matches(pattern, ends.of(role)) for pattern in waiver.hosts for role in Role
    )


def _is_pair(pair: tuple[str, str], ends: Ends) -> bool:
    return _matches(pair[0], ends.source) and _matches(pair[1], ends.destination)


def _matches(pattern: str, names: Iterable[str]) -> bool:
    return any(_form(pattern).fullmatch(name) is not None for name in names)


@lru_cache(maxsize=1024)
def _form(pattern: str) -> re.Pattern[str]:
    """Return a pattern with * and ? as a regular expression; names of hosts do not differ by their case."""
    parts = re.split(r"([*?])", _STARS.sub("*", pattern))
    written = "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in parts)
    return re.compile(written, re.IGNORECASE)
