"""The report on single hosts as JSON: a public contract, described by docs/lint.schema.json."""

from preflight.judge.lint import HostReport, Linted
from preflight.judge.report import Result
from preflight.output.report import json as reports
from preflight.output.report import provenance
from preflight.output.report.problems import resolve
from preflight.schema import lint as schema
from preflight.schema.document import text


def render(linted: Linted, _colour: bool) -> str:
    """Return the report as indented JSON with a final newline."""
    first = linted.first
    return text(
        schema.Lint(
            kind="lint",
            format=schema.FORMAT,
            verdict=linted.verdict.value,
            exit_code=linted.exit_code,
            narrowed=first.narrowed,
            hosts=tuple(map(host, linted.hosts)),
            rules=tuple(
                reports.of_rule(rule)
                for rule in {rule.name: rule for one in linted.hosts for rule in one.rules}.values()
            ),
            request=request(first),
            made=made(first),
        )
    )


def host(report: HostReport) -> schema.Host:
    """Return one host as documents have it."""
    return schema.Host(
        host=reports.host(report.source),
        origin="files" if report.of_files else "snapshot" if report.source.saved else "live",
        file=report.source.file,
        taken=None if report.source.taken is None else provenance.instant(report.source.taken),
        verdict=report.verdict.value,
        results=tuple(result(report, one) for one in report.results),
        guests=tuple(reports.of_guest(guest) for guest in report.guests),
        waivers=tuple(map(reports.of_waiver, report.waivers)),
        not_applied=tuple(
            schema.NotApplied(reason=one.why, rules=tuple(rule.name for rule in one.rules)) for one in report.unjudged
        ),
    )


def result(report: HostReport, one: Result) -> schema.Result:
    """Return a result as documents have it."""
    return schema.Result(
        rule=one.rule.name,
        subject="host" if one.subject == "source" else one.subject,
        severity=one.severity.value,
        outcome=one.outcome.value,
        reason=one.reason,
        resolve=resolve(one),
        findings=tuple(finding(report, one, number) for number in range(len(one.findings))),
    )


def finding(report: HostReport, one: Result, number: int) -> schema.Finding:
    """Return a finding as documents have it, with the path of its file in the directory."""
    found = one.findings[number]
    values = dict(reports.of_finding(one, found))
    del values["host"]
    return schema.Finding(**values, file=None if found.location is None else report.file(found.location.path))


def request(report: HostReport) -> schema.Request:
    """Return the request as documents have it."""
    asked = report.asked
    return schema.Request(
        select=asked.select, ignore=asked.ignore, **reports.of_site(asked.site), **reports.of_gate(report.gate)
    )


def made(report: HostReport) -> schema.Made | None:
    """Return who made the report and when, as documents have it."""
    by = report.made
    if by is None:
        return None
    return schema.Made(made=provenance.instant(by.at), machine=by.machine, user=by.user, version=by.version)
