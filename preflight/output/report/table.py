"""The report as one table of all results, a row for each finding, for wide terminals and for pasting."""

from collections.abc import Iterator
from typing import TypeAlias

from preflight.judge.report import Gap, Outcome, Report, Result
from preflight.output.report import next_step, waivers
from preflight.output.report.problems import in_order
from preflight.output.report.skipped import skipped
from preflight.output.report.text import NO_GUEST, counted, origin, verdict
from preflight.output.terminal import columns, one_line, width, wrapped
from preflight.rule import Severity

_Row: TypeAlias = tuple[str, str, str, str, str]
ORDER = (Outcome.FAILED, Outcome.UNKNOWN, Outcome.WAIVED, Outcome.PASSED, Outcome.NOT_APPLICABLE)


def render(report: Report, _colour: bool) -> str:
    """Return a table of results, a table of limits, the origin, the verdict and the next step."""
    gaps = [gap for gap in report.gaps() if gap.results]
    due_to_gaps = {id(result) for gap in gaps for result in gap.results}
    results = in_order(result for result in report.results if id(result) not in due_to_gaps)
    rows = [(result.outcome, result.severity, row) for result in results for row in rows_of(result)]
    rows += map(_of_gap, gaps)
    rows.sort(key=lambda row: (ORDER.index(row[0]), -row[1].rank))
    limits = [
        (limit.name, limit.host.value, _number(limit.configured), _number(limit.in_use), _number(limit.allows))
        for limit in report.capacity.counted
    ]
    wide = width()
    parts = [
        *columns(
            [("outcome", "severity", "rule", "about", "finding or reason"), *(row for *_, row in rows)], width=wide
        ),
        "",
        *columns([("limit", "host", "configured", "in use", "allows"), *limits], width=wide),
        "",
        *origin(report, wide),
        "",
        *([] if report.guests else [NO_GUEST]),
        *(part for line in skipped(report) for part in wrapped(line, width=wide)),
        *(part for line in waivers.remarks(report) for part in wrapped(line, width=wide)),
        *([""] if report.skipped or not report.guests else []),
        *verdict(report, "", wide, colour=False),
        *next_step.lines(next_step.next_step(report), wide),
    ]
    return "\n".join(parts) + "\n"


def _of_gap(gap: Gap) -> tuple[Outcome, Severity, _Row]:
    """Return one row for all results that are unknown because a host, or its libvirt, did not answer."""
    worst = max((result.severity for result in gap.results), key=lambda severity: severity.rank)
    about = " and ".join(role.value for role in gap.roles)
    return (
        Outcome.UNKNOWN,
        worst,
        (Outcome.UNKNOWN.value, worst.value, f"({counted(gap.results)})", about, one_line(gap.text)),
    )


def rows_of(result: Result, about: str | None = None) -> Iterator[_Row]:
    """Yield a row for each finding, or one for the result; `about` replaces its subject."""
    head = (result.outcome.value, result.severity.value, result.rule.name, one_line(about or result.subject))
    for finding in result.findings:
        at = finding.location
        where = f"{one_line(at.path)}:{at.line}:{at.column}: " if at else ""
        accepted = f" (waived {result.reason})" if result.outcome is Outcome.WAIVED else ""
        yield (*head, where + one_line(finding.message + accepted))
    if not result.findings:
        yield (*head, one_line(result.reason or ""))


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)
