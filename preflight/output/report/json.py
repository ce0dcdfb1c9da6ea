"""The report as JSON: a public contract, described by docs/report.schema.json."""

from collections.abc import Iterable
from typing import Any

from preflight.answers import Taken
from preflight.capacity.limit import Capacity, Limit
from preflight.facts.ssh.session import Session
from preflight.judge import report as reports
from preflight.output.remedies import remedy
from preflight.output.report import problems, provenance
from preflight.request.check_request import Gate, Site
from preflight.request.migration import Role
from preflight.rule import AnyChange, Change, Finding, Location
from preflight.schema import report as schema
from preflight.schema.document import indented

#: Results that are turned into text at once, and the text around them.
_AT_ONCE = 1000
_OPEN, _CLOSE = '{\n  "results": [\n', "\n  ]\n}"
#: The place of the results in the report. No text of a host contains an unescaped newline.
_NONE = '\n  "results": [],\n'


def document(report: reports.Report) -> schema.Report:
    """Return the report as part of another document."""
    return _head(report).model_copy(update={"results": tuple(map(_result, report.results))})


def _head(report: reports.Report) -> schema.Report:
    """Return the report without its results."""
    return schema.Report(
        kind="report",
        format=schema.FORMAT,
        verdict=report.verdict.value,
        narrowed=report.narrowed,
        source=host(report.source),
        destination=host(report.destination),
        results=(),
        guests=tuple(map(of_guest, report.guests)),
        skipped=skipped(report),
        capacity=_capacity(report.capacity, report.migration.concurrency),
        rules=tuple(of_rule(rule) for rule in report.rules),
        waivers=tuple(map(of_waiver, report.waivers)),
        request=request(report),
        exit_code=report.exit_code,
        provenance=origin(report),
    )


def render(report: reports.Report, _colour: bool) -> str:
    """Return the report as indented JSON with a final newline."""
    # a few results at a time: the values of 200,000 and the pieces of their text would take half a GiB
    some = range(0, len(report.results), _AT_ONCE)
    texts = [_text(report.results[at : at + _AT_ONCE]) for at in some]
    whole = indented(_head(report).model_dump())
    if not texts:
        return f"{whole}\n"
    head, _, tail = whole.partition(_NONE)
    pieces = [head, '\n  "results": [\n']
    for text in texts:
        pieces += (text, ",\n")
    pieces[-1] = "\n  ],\n"
    return "".join((*pieces, tail, "\n"))


def _text(results: tuple[reports.Result, ...]) -> str:
    """Return some results as they appear in the report."""
    values = [_result(result).model_dump() for result in results]
    return indented({"results": values})[len(_OPEN) : -len(_CLOSE)]


def host(host: reports.HostSummary) -> schema.Host:
    """Return a host as documents have it."""
    return schema.Host(
        name=host.name,
        hostname=host.hostname,
        release=host.release,
        libvirt=host.libvirt,
        qemu=host.qemu,
        openssh=host.openssh,
        no_login=host.no_login,
        no_libvirt=host.no_libvirt,
    )


def _result(result: reports.Result) -> schema.Result:
    return schema.Result(
        rule=result.rule.name,
        subject=result.subject,
        severity=result.severity.value,
        outcome=result.outcome.value,
        reason=result.reason,
        resolve=problems.resolve(result),
        findings=tuple(of_finding(result, finding) for finding in result.findings),
    )


def of_finding(result: reports.Result, finding: Finding) -> schema.Finding:
    """Return a finding as documents have it."""
    return schema.Finding(
        host=finding.host.value if finding.host else None,
        guest=result.guest,
        severity=problems.severity(result, finding).value,
        message=finding.message,
        location=finding.location and excerpt_of(finding.location),
        predicted_error=finding.predicted_error,
        fix=finding.fix,
        change=finding.change and change_of(finding.change),
    )


def excerpt_of(at: Location) -> schema.Excerpt:
    """Return a place in a file as documents have it."""
    return schema.Excerpt(path=at.path, line=at.line, column=at.column, end_column=at.end_column, text=at.text)


def skipped(report: reports.Report) -> tuple[schema.Skipped, ...]:
    """Return the guests that were not judged as documents have them."""
    return tuple(schema.Skipped(name=name, reason=why.value) for why, names in report.skipped.items() for name in names)


def short_limits(capacity: Capacity, migrations: int) -> tuple[schema.ShortLimit, ...]:
    """Return the limits that fall short of so many migrations, in order."""
    return tuple(
        schema.ShortLimit(
            name=limit.name,
            host=limit.host.value,
            stops=not limit.burst and (limit.allows or 0) < migrations,
            allows=limit.allows or 0,
            path=limit.setting.path if limit.setting else None,
            key=limit.setting.key if limit.setting else None,
            value=str(limit.setting.value) if limit.setting else None,
            sufficient=limit.raised_for(migrations),
            then=limit.setting.then if limit.setting else None,
            seconds_apart=limit.seconds_apart,
        )
        for limit in capacity.short_of(migrations)
    )


def change_of(change: AnyChange) -> schema.Setting | schema.HostsLine:
    """Return a change as documents have it."""
    if isinstance(change, Change):
        return schema.Setting(path=change.path, key=change.key, value=change.value)
    return schema.HostsLine(name=change.name, address=change.address, replaces=change.replaces)


def _capacity(capacity: Capacity, requested: int) -> schema.Capacity:
    binding = capacity.binding
    return schema.Capacity(
        concurrent=capacity.concurrent,
        burst=capacity.burst,
        limited_by=schema.LimitName(name=binding.name, host=binding.host.value) if binding else None,
        requested=requested,
        short=short_limits(capacity, requested),
        limits=tuple(map(of_limit, capacity.limits)),
    )


def of_limit(limit: Limit) -> schema.Limit:
    """Return a limit as documents have it."""
    place, setting = limit.at, limit.setting
    return schema.Limit(
        name=limit.name,
        host=limit.host.value,
        scope=limit.scope.value,
        configured=limit.configured,
        written=limit.written,
        location=schema.Location(path=place.path, line=place.line, column=place.column) if place else None,
        in_use=limit.in_use,
        takes=limit.takes,
        left=limit.left,
        allows=limit.allows,
        burst=limit.burst,
        reserve=limit.reserve,
        seconds_apart=limit.seconds_apart,
        setting=schema.LimitSetting(
            path=setting.path, key=setting.key, value=str(setting.value), then=setting.then, most=setting.most
        )
        if setting
        else None,
        beyond=limit.beyond or None,
        reason=limit.reason,
        resolve=remedy(limit.reason or ""),
    )


def of_rule(rule: reports.RuleText) -> schema.Rule:
    """Return a rule as documents have it."""
    return schema.Rule(
        name=rule.name, topic=rule.topic, severity=rule.severity.value, title=rule.title, why=rule.why, fix=rule.fix
    )


def of_site(site: Site) -> dict[str, Any]:
    """Return what a site and its options change about the rules, as the requests of all documents have it."""
    return {
        "severity": tuple("=".join(one) for one in site.severity),
        "thresholds": tuple(f"{rule}={number:g}" for rule, number in site.thresholds),
        "rules": tuple(map(str, site.rules)),
        "packs": site.packs,
        "configuration": site.configured.file,
    }


def of_gate(gate: Gate) -> dict[str, Any]:
    """Return what changes the exit code, as the requests of documents have it."""
    return {"fail_on": gate.fail_on.value, "unknown": gate.unknown.value, "exit_zero": gate.exit_zero}


def request(report: reports.Report) -> schema.Request:
    """Return the request as documents have it."""
    asked = report.asked
    return schema.Request(
        guests=asked.guests,
        no_guests=asked.no_guests,
        offline=asked.offline,
        as_they_are=asked.as_they_are,
        left_out=asked.left_out,
        concurrency=asked.concurrency,
        transport=report.migration.transport.value,
        is_transport_given=asked.transport is not None,
        destination_uri=asked.destination_uri,
        options=asked.method.typed,
        probe=asked.probe,
        select=asked.select,
        ignore=asked.ignore,
        **of_site(asked.site),
        **of_gate(report.gate),
    )


def of_guest(guest: reports.GuestVerdict) -> schema.Guest:
    """Return a guest and its verdict as documents have them."""
    return schema.Guest(name=guest.name, verdict=guest.verdict.value)


def of_waiver(one: reports.Applied) -> schema.Waiver:
    """Return a waiver and its effect as documents have them."""
    waiver = one.waiver
    return schema.Waiver(
        rule=waiver.rule,
        scope=waiver.scope,
        reason=waiver.reason,
        expires=waiver.expires,
        ticket=waiver.ticket,
        file=waiver.file,
        use=one.use.value,
    )


def origin(report: reports.Report) -> schema.Provenance | None:
    """Return where the report and the answers come from, as documents have it."""
    made = report.made
    if made is None:
        return None
    source, destination = (_answers(report, report.host(role)) for role in Role)
    return schema.Provenance(
        made=provenance.instant(made.at),
        machine=made.machine,
        user=made.user,
        version=made.version,
        packs=packs(made.packs),
        files=tuple(schema.FileHere(path=path, sha256=sha256) for path, sha256 in made.files),
        source=source,
        destination=destination,
    )


def _answers(report: reports.Report, host: reports.HostSummary) -> schema.Answers:
    return schema.Answers(
        origin="snapshot" if host.saved else "live",
        file=host.file,
        taken=None if host.taken is None else provenance.instant(host.taken),
        age=report.age(host),
        snapshot=host.made and _taken(host.made),
        session=host.session and _session(host.session),
        files=tuple(schema.FileRead(path=one.path, sha256=one.sha256, redacted=one.redacted) for one in host.files),
    )


def _taken(by: Taken) -> schema.Taken:
    return schema.Taken(
        at=provenance.instant(by.at),
        machine=by.machine,
        user=by.user,
        version=by.version,
        packs=packs(by.packs),
    )


def _session(session: Session) -> schema.Session:
    return schema.Session(user=session.user, root="login" if session.is_root else "sudo", client=session.client)


def packs(packs: Iterable[tuple[str, str]]) -> tuple[schema.Pack, ...]:
    """Return packs, each with its version, as documents have them."""
    return tuple(schema.Pack(name=name, version=version) for name, version in packs)
