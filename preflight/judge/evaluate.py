"""Applies rules to facts. The only place where a fact that could not be read becomes UNKNOWN."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from preflight.facts.fact import NotAsked, Unreadable
from preflight.host import Guest, Judged
from preflight.judge.guests import Pair
from preflight.judge.report import ALL_GUESTS, Outcome, Result
from preflight.judge.ruleset import Rule
from preflight.request.check_request import Migration
from preflight.request.migration import Role
from preflight.rule import Finding, Severity


def evaluate(rules: Sequence[Rule], pair: Pair, *, alone: bool = False) -> tuple[Result, ...]:
    """Apply every rule to each of its subjects; the results are in the order of rules, then subjects.

    If the pair is one host, `alone`, rules that are not about its guests are applied to it once, as to the source.
    """
    of_guests: dict[str, list[Result]] = {rule.name: [] for rule in rules if rule.per_guest}
    for name in pair.guests:
        # guest by guest: the next rule reuses what one rule has parsed
        for rule in rules:
            if rule.per_guest:
                of_guests[rule.name].append(outcome(rule, pair, ALL_GUESTS if name is None else f"guest {name}", name))
    results = tuple(
        result
        for rule in rules
        for result in (of_guests[rule.name] if rule.per_guest else _results(rule, pair, alone=alone))
    )
    return explained(rules, results)


def explained(rules: Iterable[Rule], results: Sequence[Result]) -> tuple[Result, ...]:
    """Return the results, in which findings that pass on a host's refusal name the rules that predict it too."""
    quoting = {rule.name for rule in rules if rule.body.quotes}
    return tuple(_explained(one, results) if one.rule.name in quoting and one.findings else one for one in results)


def _explained(quoting: Result, results: Sequence[Result]) -> Result:
    """Return the result of a rule that passes on a host's refusals; each names the rules that predict it too."""
    others = [
        (one.rule.name, finding.predicted_error)
        for one in results
        if one.rule.name != quoting.rule.name and one.guest in (None, quoting.guest)
        for finding in one.findings
    ]
    return replace(quoting, findings=tuple(_with_names(finding, others) for finding in quoting.findings))


def _with_names(finding: Finding, others: Iterable[tuple[str, str | None]]) -> Finding:
    text = finding.predicted_error or ""
    names = list(dict.fromkeys(name for name, error in others if error and error in text))
    return replace(finding, message=f"{finding.message} (explained by {', '.join(names)})") if names else finding


def _results(rule: Rule, pair: Pair, *, alone: bool) -> Iterator[Result]:
    for subject, role in subjects(rule, alone=alone):
        yield outcome(rule, pair, subject, None, role)


def subjects(rule: Rule, *, alone: bool = False) -> tuple[tuple[str, Role | None], ...]:
    """Return the subjects of a rule that is not applied guest by guest, each with its host if it is about one alone."""
    if rule.of_all_guests:
        return ((ALL_GUESTS, None),)
    if alone:
        return ((Role.SOURCE.value, Role.SOURCE),)
    if rule.per_host:
        return tuple((role.value, role) for role in Role)
    roles = {parameter.role for parameter in rule.parameters if parameter.role}
    return ((next(iter(roles)).value if len(roles) == 1 else "pair", None),)


def outcome(rule: Rule, pair: Pair, subject: str, guest: str | None, role: Role | None = None) -> Result:
    """Apply a rule to one of its subjects."""
    skipped = rule.body.skip(pair.migration_of(guest)) if rule.body.skip else None
    if skipped is not None:
        return Result(rule.text, subject, rule.body.severity, Outcome.NOT_APPLICABLE, skipped, guest=guest)
    return _result(rule, pair, subject, role, guest)


def _result(rule: Rule, pair: Pair, subject: str, role: Role | None, guest: str | None) -> Result:
    findings: list[Finding] = []
    reason: str | None = None
    unasked = False
    try:
        for finding in rule.body.check(**_arguments(rule, pair, role, guest)):
            whole = finding if finding.host or role is None else replace(finding, host=role)
            findings.append(whole)
    except Unreadable as why:
        reason, unasked = str(why), isinstance(why, NotAsked)
    except Exception as bug:  # a rule that raises must not stop the others, nor pass
        reason = f"the rule itself failed: {type(bug).__name__}: {bug}"
    worst = max((_severity(finding, rule) for finding in findings), key=lambda severity: severity.rank, default=None)
    if unasked and worst is None:
        # an old snapshot is judged by what was asked for it: nothing that it could have answered is missing
        return Result(rule.text, subject, rule.body.severity, Outcome.NOT_APPLICABLE, reason, guest=guest)
    if reason is not None and not unasked and worst is not rule.body.severity:
        return Result(rule.text, subject, rule.body.severity, Outcome.UNKNOWN, reason, guest=guest)
    if worst is None:
        return Result(rule.text, subject, rule.body.severity, Outcome.PASSED, guest=guest)
    # a finding of the rule's full severity outweighs what is unknown
    return Result(rule.text, subject, worst, Outcome.FAILED, reason, findings=tuple(findings), guest=guest)


def _severity(finding: Finding, rule: Rule) -> Severity:
    """Return the finding's severity, which may be milder than its rule's but never worse."""
    if finding.severity is None or finding.severity.rank > rule.body.severity.rank:
        return rule.body.severity
    return finding.severity


def _arguments(rule: Rule, pair: Pair, role: Role | None, guest: str | None) -> dict[str, object]:
    arguments: dict[str, object] = {}
    for parameter in rule.parameters:
        if parameter.kind is Migration:
            arguments[parameter.name] = pair.migration_of(guest)
        elif parameter.kind is float:
            arguments[parameter.name] = rule.body.threshold
        elif parameter.kind is Guest:
            arguments[parameter.name] = pair.guest_of(parameter.role or Role.DESTINATION, guest)
        elif parameter.kind is Judged:
            arguments[parameter.name] = Judged(tuple(_known(pair)))
        else:
            owner = parameter.role or role
            assert owner is not None
            arguments[parameter.name] = pair.host(owner).fact(parameter.kind)
    return arguments


def _known(pair: Pair) -> Iterator[Guest]:
    for found in pair.guests.values():
        if isinstance(found, Unreadable):
            raise found
        yield found
