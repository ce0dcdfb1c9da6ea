"""The report on single hosts as lines of JSON: described by docs/lint-lines.schema.json."""

from collections.abc import Iterator

from preflight.judge.lint import HostReport, Linted
from preflight.judge.report import Outcome
from preflight.output.lint import json
from preflight.output.report.problems import in_order, problems, resolve
from preflight.rule import Severity
from preflight.schema import lint as schema
from preflight.schema.document import line


def render(linted: Linted, _colour: bool) -> str:
    """Return a line for the report, for each finding and unknown of each host, for each host, and for the verdict."""
    return "".join(map(line, _lines(linted)))


def _lines(linted: Linted) -> Iterator[schema.Line]:
    first = linted.first
    yield schema.Head(
        kind="lint",
        format=schema.FORMAT,
        narrowed=first.narrowed,
        request=json.request(first),
        made=json.made(first),
    )
    for host in linted.hosts:
        yield from _of_host(host)
    yield schema.Ending(kind="verdict", verdict=linted.verdict.value, exit_code=linted.exit_code)


def _of_host(report: HostReport) -> Iterator[schema.Line]:
    name = report.source.name
    for one in in_order(one for one in report.results if one.outcome in (Outcome.FAILED, Outcome.UNKNOWN)):
        subject = "host" if one.subject == "source" else one.subject
        for number in range(len(one.findings)):
            yield schema.FindingLine(
                kind="finding",
                host=name,
                rule=one.rule.name,
                topic=one.rule.topic,
                subject=subject,
                **dict(json.finding(report, one, number)),
            )
        if one.reason is not None:
            yield schema.UnknownLine(
                kind="unknown",
                host=name,
                rule=one.rule.name,
                topic=one.rule.topic,
                subject=subject,
                severity=one.severity.value,
                reason=one.reason,
                resolve=resolve(one),
            )
    found = problems(report.results)
    yield schema.HostLine(
        kind="host",
        host=name,
        verdict=report.verdict.value,
        errors=sum(one.severity is Severity.ERROR for one in found),
        warnings=sum(one.severity is Severity.WARNING for one in found),
        unknown=len({one.rule.name for one in report.results if one.outcome is Outcome.UNKNOWN}),
        passed=sum(one.outcome is Outcome.PASSED for one in report.results),
    )
