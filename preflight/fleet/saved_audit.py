"""Makes an audit of the document that `audit --format json` wrote, so that it can be shown in any format."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from preflight.errors import UserError
from preflight.fleet.audited import Audited, Odd
from preflight.fleet.baseline import Baseline, Baselines, Freed, Kind, LeftOut
from preflight.fleet.matrix import Cause, Cell, Matrix
from preflight.judge.report import HostSummary, Made, Outcome, RuleText, Verdict
from preflight.judge.saved import change_of, host_of, location_of, packs_of, rule_of, site_of
from preflight.request.check_request import Asked
from preflight.request.method import of_words
from preflight.request.migration import Transport
from preflight.rule import Severity
from preflight.schema import audit as schema
from preflight.schema.report import instant_of


def audited_of(document: schema.Audit) -> Audited:
    """Return the audit of a document; raises `UserError` if it contradicts itself."""
    _check_numbers(document)
    rules = {rule.name: rule_of(rule) for rule in document.rules}
    matrix = Matrix(
        hosts=tuple(map(_host, document.hosts)),
        guests=tuple(
            tuple(one.name for one in document.guests if one.host == number) for number in range(len(document.hosts))
        ),
        cells=tuple(_rows(document)),
        causes=tuple(_cause(cause, rules) for cause in document.causes),
        asked=_asked(document.request),
        rules=tuple(rules.values()),
    )
    audited = Audited(
        matrix,
        document.need == "all",
        tuple(Odd(one.host, one.text) for one in document.odd),
        _baselines(document),
        _made(document.made),
    )
    if audited.verdict.value != document.verdict:
        raise UserError(f"the verdict {document.verdict} is not that of its ways, {audited.verdict.value}")
    return audited


def _check_numbers(document: schema.Audit) -> None:
    """Raise `UserError` for the number of a host or of a way that is not there."""
    hosts = range(len(document.hosts))
    ways = {(source.host, way.host) for source in document.sources for way in source.ways}
    leaving = {source for source, _ in ways}
    named = {number for way in ways for number in way}
    named |= {one.host for one in document.guests} | {one.host for one in document.odd}
    named |= {number for one in document.cpus for number in one.hosts}
    named |= {one.host for one in document.without_cpu} | {one.host for one in document.freed}
    named |= {number for one in document.freed for number in one.destinations}
    if missing := sorted(number for number in named if number not in hosts):
        raise UserError(f"there is no host {missing[0]}")
    reached = {(one.host, to) for one in document.guests for to in (*one.ready, *one.undetermined)}
    if missing_ways := sorted((reached | {way for cause in document.causes for way in cause.ways}) - ways):
        raise UserError(f"there is no way from host {missing_ways[0][0]} to host {missing_ways[0][1]}")
    if lost := sorted({one.host for one in document.guests} - leaving):
        raise UserError(f"there is no way from host {lost[0]}, which has guests")


def _host(host: schema.Host) -> HostSummary:
    taken = None if host.taken is None else instant_of(host.taken)
    return replace(host_of(host, None), saved=True, taken=taken, migration_address=host.migration_address)


def _rows(document: schema.Audit) -> Iterator[Mapping[int, Cell]]:
    """Yield the ways from each host, by their destination."""
    causes: dict[tuple[int, int], list[int]] = {}
    for number, cause in enumerate(document.causes):
        for met in cause.ways:
            causes.setdefault(met, []).append(number)
    guests: dict[int, list[tuple[frozenset[int], frozenset[int]]]] = {}
    for one in document.guests:
        guests.setdefault(one.host, []).append((frozenset(one.ready), frozenset(one.undetermined)))
    rows: dict[int, dict[int, Cell]] = {}
    for source in document.sources:
        row = rows.setdefault(source.host, {})
        for way in source.ways:
            row[way.host] = Cell(
                verdict=Verdict(way.verdict),
                causes=tuple(causes.get((source.host, way.host), ())),
                guests=tuple(_verdict(way.host, *one) for one in guests.get(source.host, ())),
                allows=way.allows,
                limited_by=None if way.limited_by is None else (way.limited_by.name, way.limited_by.host),
                is_tried=way.tried,
            )
    for number in range(len(document.hosts)):
        yield rows.get(number, {})


def _verdict(destination: int, ready: frozenset[int], undetermined: frozenset[int]) -> Verdict:
    """Return the verdict on a guest for a destination."""
    if destination in ready:
        return Verdict.READY
    return Verdict.UNDETERMINED if destination in undetermined else Verdict.NOT_READY


def _cause(cause: schema.Cause, rules: Mapping[str, RuleText]) -> Cause:
    if cause.rule not in rules:
        raise UserError(f"the rule {cause.rule!r} of a cause is not among its rules")
    return Cause(
        rule=rules[cause.rule],
        outcome=Outcome(cause.outcome),
        severity=Severity(cause.severity),
        text=cause.message,
        host=cause.host,
        guest=cause.guest,
        location=location_of(cause.location),
        predicted_error=cause.predicted_error,
        fix=cause.fix,
        change=change_of(cause.change),
    )


def _baselines(document: schema.Audit) -> Baselines:
    return Baselines(
        tuple(
            Baseline(Kind(one.arch, one.type, one.vendor or ""), one.hosts, one.model, one.require, one.disable)
            for one in document.cpus
        ),
        tuple(LeftOut(one.host, one.reason) for one in document.without_cpu),
        tuple(Freed(one.host, one.guest, one.destinations) for one in document.freed),
    )


def _asked(request: schema.Request) -> Asked:
    """Return the request; raises `UserError` for options that no migration has."""
    return Asked(
        source="",
        offline=request.offline,
        as_they_are=request.as_they_are,
        concurrency=request.concurrency,
        transport=None if request.transport is None else Transport(request.transport),
        method=of_words(request.options),
        select=request.select,
        ignore=request.ignore,
        site=site_of(request),
    )


def _made(by: schema.Made | None) -> Made | None:
    return None if by is None else Made(instant_of(by.made), by.machine, by.user, by.version, packs_of(by.packs))
