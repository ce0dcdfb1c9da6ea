"""The report as lines of JSON, for programs that read a line at a time: described by docs/report-lines.schema.json."""

from collections.abc import Iterator

from preflight.judge.report import Outcome, Report
from preflight.output.report.json import host, of_finding, origin, request
from preflight.output.report.problems import in_order, problems, resolve
from preflight.rule import Severity
from preflight.schema import report_lines as schema
from preflight.schema.document import line


def render(report: Report, _colour: bool) -> str:
    """Return a line for the report, for each finding and for each unknown, the worst first, and for the verdict."""
    return "".join(map(line, (*lines(report), ending(report))))


def lines(report: Report) -> Iterator[schema.Line]:
    """Yield every line but the last."""
    yield schema.Head(
        kind="report",
        format=schema.FORMAT,
        source=host(report.source),
        destination=host(report.destination),
        narrowed=report.narrowed,
        request=request(report),
        provenance=origin(report),
    )
    kept = [result for result in report.results if result.outcome in (Outcome.FAILED, Outcome.UNKNOWN)]
    for result in in_order(kept):
        for finding in result.findings:
            yield schema.Finding(
                kind="finding",
                rule=result.rule.name,
                topic=result.rule.topic,
                subject=result.subject,
                **dict(of_finding(result, finding)),
            )
        if result.reason is not None:
            yield schema.Unknown(
                kind="unknown",
                rule=result.rule.name,
                topic=result.rule.topic,
                subject=result.subject,
                severity=result.severity.value,
                reason=result.reason,
                resolve=resolve(result),
            )


def ending(report: Report) -> schema.Ending:
    """Return the last line."""
    found = problems(report.results)
    return schema.Ending(
        kind="verdict",
        verdict=report.verdict.value,
        exit_code=report.exit_code,
        errors=sum(one.severity is Severity.ERROR for one in found),
        warnings=sum(one.severity is Severity.WARNING for one in found),
        unknown=len({result.rule.name for result in report.results if result.outcome is Outcome.UNKNOWN}),
        passed=sum(result.outcome is Outcome.PASSED for result in report.results),
    )
