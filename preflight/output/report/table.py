"""The report as one table of all results, a row a finding, for wide terminals and for pasting."""

from collections.abc import Iterator

from tabulate import tabulate

from preflight.judge.report import Outcome, Report, Result
from preflight.output.report.text import NO_GUEST
from preflight.output.terminal import one_line

_ORDER = (Outcome.NOT_APPLICABLE, Outcome.WAIVED, Outcome.PASSED, Outcome.UNKNOWN, Outcome.FAILED)


def render(report: Report, _colour: bool) -> str:
    """A table of results, a table of limits and the verdict."""
    results = sorted(report.results, key=lambda result: (_ORDER.index(result.outcome), result.severity.rank))
    rows = [row for result in results for row in _rows(result)]
    limits = [
        (limit.name, limit.host.value, _number(limit.configured), _number(limit.in_use), _number(limit.allows))
        for limit in report.capacity.counted
    ]
    # tabulate would print the version "1.10" as 1.1
    parts = [
        tabulate(rows, headers=("outcome", "severity", "rule", "about", "what"), disable_numparse=True),
        tabulate(limits, headers=("limit", "host", "configured", "in use", "allows"), disable_numparse=True),
        *([] if report.guests else [NO_GUEST]),
        report.verdict.value.replace("-", " ").upper()
        + f"  {one_line(report.source.name)} -> {one_line(report.destination.name)}"
        + (": only selected rules were judged" if report.narrowed else ""),
    ]
    return "\n\n".join(parts) + "\n"


def _rows(result: Result) -> Iterator[tuple[str, str, str, str, str]]:
    head = (result.outcome.value, result.severity.value, result.rule.name, one_line(result.subject))
    for finding in result.findings:
        at = finding.location
        where = f"{one_line(at.path)}:{at.line}:{at.column}: " if at else ""
        yield (*head, where + one_line(finding.message))
    if not result.findings:
        yield (*head, one_line(result.reason or ""))


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)
