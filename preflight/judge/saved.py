"""Reads a report that `check --format json` wrote, so that it can be shown in any format."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec.structs import replace

from preflight import own_file
from preflight.capacity.limit import Capacity, Limit, Scope, Setting
from preflight.errors import UserError
from preflight.facts.ssh.sshd import MaxStartups
from preflight.judge.guests import Skip
from preflight.judge.report import (
    GuestVerdict,
    HostSummary,
    Made,
    Outcome,
    Report,
    Result,
    RuleText,
    Verdict,
)
from preflight.request.check_request import Asked, Gate, Migration
from preflight.request.method import of_words
from preflight.request.migration import FailOn, OnUnknown, Role, Transport
from preflight.rule import AnyChange, Change, Finding, HostsLine, Location, Severity
from preflight.schema import report as schema
from preflight.schema.document import Wrong, format_of, read
from preflight.schema.report import instant_of

#: Maximum size of a report, in bytes. One on 2,000 guests takes 50 MiB.
MOST = 64 * 1024 * 1024
#: Maximum number of quotes, and of commas: a result has about 20 quotes.
_MOST_MARKS = 4_000_000
#: An escape of JSON. Half of a pair of surrogates is none that a strict reader takes.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def read_report(path: Path) -> Report:
    """Read a report; raises `UserError` in one line if the file is none."""
    descriptor = own_file.open_any(path)
    try:
        content = own_file.read(path, descriptor, MOST, _MOST_MARKS)
    finally:
        os.close(descriptor)
    # text of a host may contain half a pair, which is shown as an escape anyway
    text = content.decode("latin-1")  # of which each byte is a character, whatever the file is
    content = _ESCAPE.sub(lambda match: match[0] if match[1] is None else r"\\" + match[1], text).encode("latin-1")
    try:
        document = read(schema.REPORT, content)
        return _report(document)
    except (Wrong, UserError) as why:
        found = format_of(content, "format")
        if found is not None and found != schema.FORMAT:
            raise UserError(f"{path}: report format {found}, this preflight reads {schema.FORMAT}") from None
        raise UserError(f"{path}: not a report of `preflight check --format json`: {why}") from None


def _report(document: schema.Report) -> Report:
    asked = _asked(document)
    rules = {rule.name: _rule(rule) for rule in document.rules}
    gate = document.request
    origin = document.provenance
    return Report(
        migration=Migration(
            method=asked.method, transport=Transport(document.request.transport), concurrency=asked.concurrency
        ),
        source=_host(document.source, origin.source if origin else None),
        destination=_host(document.destination, origin.destination if origin else None),
        results=tuple(_result(result, rules) for result in document.results),
        guests=tuple(GuestVerdict(guest.name, Verdict(guest.verdict)) for guest in document.guests),
        capacity=_capacity(document.capacity),
        asked=asked,
        narrowed=document.narrowed,
        skipped=_skipped(document.skipped),
        rules=tuple(rules.values()),
        gate=Gate(FailOn(gate.fail_on), OnUnknown(gate.unknown), gate.exit_zero),
        made=Made(instant_of(origin.made), origin.machine, origin.user, origin.version) if origin else None,
    )


def _asked(document: schema.Report) -> Asked:
    request = document.request
    return Asked(
        source=document.source.name,
        destination=document.destination.name,
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
    )


def _rule(rule: schema.Rule) -> RuleText:
    return RuleText(rule.name, rule.topic, rule.title, rule.why, rule.fix, Severity(rule.severity))


def _host(host: schema.Host, answers: schema.Answers | None) -> HostSummary:
    return HostSummary(
        name=host.name,
        hostname=host.hostname,
        release=host.release,
        libvirt=host.libvirt,
        qemu=host.qemu,
        openssh=host.openssh,
        no_login=host.no_login,
        saved=answers is not None and answers.origin == "snapshot",
        file=answers.file if answers else None,
        taken=None if answers is None or answers.taken is None else instant_of(answers.taken),
    )


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
        location=Location(at.path, at.line, at.column, at.end_column, at.text) if at else None,
        predicted_error=finding.predicted_error,
        fix=finding.fix,
        severity=None if own is worst else own,
        change=_change(finding.change),
    )


def _skipped(skipped: Iterable[schema.Skipped]) -> Mapping[Skip, tuple[str, ...]]:
    found: dict[Skip, list[str]] = {}
    for guest in skipped:
        found.setdefault(Skip(guest.reason), []).append(guest.name)
    return {why: tuple(names) for why, names in found.items()}


def _change(change: schema.Setting | schema.HostsLine | None) -> AnyChange | None:
    if isinstance(change, schema.Setting):
        return Change(change.path, change.key, change.value)
    return HostsLine(change.name, change.address, change.replaces) if change else None


def _capacity(capacity: schema.Capacity) -> Capacity:
    short = {(limit.name, limit.host): limit for limit in capacity.short}
    return Capacity(
        tuple(_limit(limit, short.get((limit.name, limit.host)), capacity.requested) for limit in capacity.limits)
    )


def _limit(limit: schema.Limit, short: schema.ShortLimit | None, requested: int) -> Limit:
    found = Limit(
        limit.name,
        Role(limit.host),
        limit.configured,
        limit.in_use,
        limit.allows,
        scope=Scope.BURST if limit.burst else Scope.IN_FLIGHT,
        reason=limit.reason,
        reserve=limit.reserve,
    )
    if short is None:
        return found
    interval = None if short.seconds_apart == 1.0 else short.seconds_apart
    if short.path is None or short.key is None or short.value is None:
        return replace(found, interval=interval)
    start = int(short.value.partition(":")[0])
    lacking = None if short.sufficient is None else int(short.sufficient.partition(":")[0]) - start
    setting = Setting(
        short.path,
        short.key,
        MaxStartups(*map(int, short.value.split(":"))) if ":" in short.value else start,
        short.then or "",
        most=start if lacking is None else None,
    )
    left = 0 if lacking is None else requested + limit.reserve - lacking
    return replace(found, interval=interval, setting=setting, left=left)
