"""Makes a report of the document that `check --format json` wrote, so that it can be shown in any format."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from preflight import own_file
from preflight.answers import Taken
from preflight.capacity.limit import Capacity, Limit, Scope, Setting
from preflight.connection.files_read import FileRead
from preflight.errors import UserError
from preflight.facts.ssh.session import Session
from preflight.facts.ssh.sshd import MaxStartups
from preflight.judge.guests import Skip
from preflight.judge.report import (
    Applied,
    GuestVerdict,
    HostSummary,
    Made,
    Outcome,
    Report,
    Result,
    RuleText,
    Use,
    Verdict,
)
from preflight.request.check_request import Asked, Gate, Migration, Site
from preflight.request.configured import Configured, Waiver
from preflight.request.method import of_words
from preflight.request.migration import FailOn, OnUnknown, Role, Transport
from preflight.rule import AnyChange, Change, Finding, HostsLine, Location, Severity
from preflight.schema import audit
from preflight.schema import report as schema
from preflight.schema.report import instant_of

#: Maximum size of a report, in bytes. One on 2,000 guests takes 50 MiB.
MOST = 64 * 1024 * 1024
#: Maximum number of quotes, and of commas: a result has about 20 quotes.
_MOST_MARKS = 4_000_000
#: An escape of JSON. Half of a pair of surrogates is none that a strict reader takes.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def content_of(path: Path) -> bytes:
    """Return the content of a file that may be a report; raises `UserError`."""
    descriptor = own_file.open_any(path)
    try:
        content = own_file.read(path, descriptor, MOST, _MOST_MARKS)
    finally:
        os.close(descriptor)
    # text of a host may contain half a pair, which is shown as an escape anyway
    text = content.decode("latin-1")  # of which each byte is a character, whatever the file is
    return _ESCAPE.sub(lambda match: match[0] if match[1] is None else r"\\" + match[1], text).encode("latin-1")


def report_of(document: schema.Report) -> Report:
    """Return the report of a document; raises `UserError` if it contradicts itself."""
    asked = asked_of(document.request, document.source, document.destination)
    rules = {rule.name: rule_of(rule) for rule in document.rules}
    gate = document.request
    origin = document.provenance
    source, destination = hosts_of(document.source, document.destination, origin)
    return Report(
        migration=migration_of(asked, gate),
        source=source,
        destination=destination,
        results=tuple(_result(result, rules) for result in document.results),
        guests=tuple(GuestVerdict(guest.name, Verdict(guest.verdict)) for guest in document.guests),
        capacity=limits_of(document.capacity.limits),
        asked=asked,
        narrowed=document.narrowed,
        skipped=skipped_of(document.skipped),
        rules=tuple(rules.values()),
        waivers=tuple(map(_waiver, document.waivers)),
        gate=Gate(FailOn(gate.fail_on), OnUnknown(gate.unknown), gate.exit_zero),
        made=made_of(origin),
    )


def made_of(origin: schema.Provenance | None) -> Made | None:
    """Return who made a document, and when; None if it does not say."""
    if origin is None:
        return None
    return Made(
        instant_of(origin.made),
        origin.machine,
        origin.user,
        origin.version,
        packs_of(origin.packs),
        tuple((one.path, one.sha256) for one in origin.files),
    )


def packs_of(packs: Iterable[schema.Pack]) -> tuple[tuple[str, str], ...]:
    """Return the packs of a document, each with its version."""
    return tuple((one.name, one.version) for one in packs)


def hosts_of(
    source: schema.Host, destination: schema.Host, origin: schema.Provenance | None
) -> tuple[HostSummary, HostSummary]:
    """Return the hosts of a document, with the origin of their answers."""
    if origin is None:
        return host_of(source, None), host_of(destination, None)
    return host_of(source, origin.source), host_of(destination, origin.destination)


def migration_of(asked: Asked, request: schema.Request, *, both_ways: bool = False) -> Migration:
    """Return the migration of a request, as far as reports show it."""
    return Migration(
        method=asked.method,
        transport=Transport(request.transport),
        concurrency=asked.concurrency,
        offline=asked.offline,
        both_ways=both_ways,
    )


def asked_of(request: schema.Request, source: schema.Host, destination: schema.Host) -> Asked:
    """Return the request of a document; raises `UserError` for options that no migration has."""
    return Asked(
        source=source.name,
        destination=destination.name,
        guests=request.guests,
        no_guests=request.no_guests,
        concurrency=request.concurrency,
        method=of_words(request.options),
        transport=Transport(request.transport) if request.is_transport_given else None,
        destination_uri=request.destination_uri,
        offline=request.offline,
        as_they_are=request.as_they_are,
        left_out=request.left_out,
        select=request.select,
        ignore=request.ignore,
        probe=request.probe,
        site=site_of(request),
    )


def site_of(request: schema.Request | audit.Request) -> Site:
    """Return how the site changed the rules; raises `UserError` for a threshold without a number."""
    return Site(
        rules=tuple(map(Path, request.rules)),
        packs=request.packs,
        severity=tuple(_severity(text) for text in request.severity),
        thresholds=tuple(_threshold(text) for text in request.thresholds),
        configured=Configured(file=request.configuration),
    )


def _severity(text: str) -> tuple[str, str]:
    rule, _, level = text.rpartition("=")
    return rule, level


def _threshold(text: str) -> tuple[str, float]:
    rule, _, number = text.rpartition("=")
    try:
        return rule, float(number)
    except ValueError:
        raise UserError(f"the threshold {text!r} is not RULE=NUMBER") from None


def _waiver(one: schema.Waiver) -> Applied:
    instant_of(f"{one.expires}T00:00:00Z")  # refuses a date that does not exist
    pairs = [tuple(part.strip() for part in text.split("->")) for text in one.scope.split(",")]
    waiver = Waiver(
        rule=one.rule,
        hosts=tuple(pair[0] for pair in pairs if len(pair) == 1),
        pairs=tuple((pair[0], pair[1]) for pair in pairs if len(pair) == 2),
        reason=one.reason,
        expires=one.expires,
        ticket=one.ticket,
        file=one.file,
    )
    return Applied(waiver, Use(one.use))


def rule_of(rule: schema.Rule) -> RuleText:
    """Return the rule of a document."""
    return RuleText(rule.name, rule.topic, rule.title, rule.why, rule.fix, Severity(rule.severity))


def host_of(host: schema.Host, answers: schema.Answers | None) -> HostSummary:
    """Return a host of a document, with the origin of its answers if that is known."""
    return HostSummary(
        name=host.name,
        hostname=host.hostname,
        release=host.release,
        libvirt=host.libvirt,
        qemu=host.qemu,
        openssh=host.openssh,
        no_login=host.no_login,
        no_libvirt=host.no_libvirt,
        saved=answers is not None and answers.origin == "snapshot",
        file=answers.file if answers else None,
        taken=None if answers is None or answers.taken is None else instant_of(answers.taken),
        made=_taken(answers.snapshot) if answers and answers.snapshot else None,
        session=_session(answers.session) if answers and answers.session else None,
        files=tuple(FileRead(one.path, one.redacted, known=one.sha256) for one in answers.files) if answers else (),
    )


def _taken(by: schema.Taken) -> Taken:
    return Taken(instant_of(by.at), by.machine, by.user, by.version, packs_of(by.packs))


def _session(one: schema.Session) -> Session:
    return Session(user=one.user, is_root=one.root == "login", client=one.client)


def _result(result: schema.Result, rules: Mapping[str, RuleText]) -> Result:
    rule = rules.get(result.rule)
    if rule is None:
        raise UserError(f"the rule {result.rule!r} of a result is not among its rules")
    worst = max((Severity(one.severity).rank for one in result.findings), default=None)
    if worst is not None and worst != Severity(result.severity).rank:
        raise UserError(f"the severity of a result of {result.rule!r} is not that of its worst finding")
    _, of_guest, guest = result.subject.partition("guest ")
    return Result(
        rule=rule,
        subject=result.subject,
        severity=Severity(result.severity),
        outcome=Outcome(result.outcome),
        reason=result.reason,
        findings=tuple(_finding(finding, Severity(result.severity)) for finding in result.findings),
        guest=guest if of_guest else None,
    )


def _finding(finding: schema.Finding, worst: Severity) -> Finding:
    at = finding.location
    own = Severity(finding.severity)
    return Finding(
        message=finding.message,
        host=Role(finding.host) if finding.host else None,
        location=location_of(at),
        predicted_error=finding.predicted_error,
        fix=finding.fix,
        severity=None if own is worst else own,
        change=change_of(finding.change),
    )


def location_of(at: schema.Excerpt | None) -> Location | None:
    """Return the place in a file of a document."""
    return Location(at.path, at.line, at.column, at.end_column, at.text) if at else None


def skipped_of(skipped: Iterable[schema.Skipped]) -> Mapping[Skip, tuple[str, ...]]:
    """Return the guests that were not judged, by the reason."""
    found: dict[Skip, list[str]] = {}
    for guest in skipped:
        found.setdefault(Skip(guest.reason), []).append(guest.name)
    return {why: tuple(names) for why, names in found.items()}


def change_of(change: schema.Setting | schema.HostsLine | None) -> AnyChange | None:
    """Return the change of a document."""
    if isinstance(change, schema.Setting):
        return Change(change.path, change.key, change.value)
    return HostsLine(change.name, change.address, change.replaces) if change else None


def limits_of(limits: Iterable[schema.Limit], *, both_ways: bool = False) -> Capacity:
    """Return the capacity that follows from saved limits."""
    return Capacity(tuple(map(_limit, limits)), both_ways=both_ways)


def _limit(limit: schema.Limit) -> Limit:
    at, setting = limit.location, limit.setting
    return Limit(
        name=limit.name,
        host=Role(limit.host),
        configured=limit.configured,
        in_use=limit.in_use,
        allows=limit.allows,
        scope=Scope(limit.scope),
        reason=limit.reason,
        takes=limit.takes,
        reserve=limit.reserve,
        written=limit.written,
        at=Location(at.path, at.line, at.column, at.column, "") if at else None,
        beyond=limit.beyond or "",
        interval=limit.seconds_apart,
        left=limit.left,
        setting=Setting(setting.path, setting.key, _value(setting.value), setting.then, setting.most)
        if setting
        else None,
    )


def _value(text: str) -> int | MaxStartups:
    numbers = tuple(map(int, text.split(":")))
    return MaxStartups(*numbers) if len(numbers) > 1 else numbers[0]
