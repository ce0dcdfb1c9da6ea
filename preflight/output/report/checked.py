"""What rules looked at and did not fail for, as an HTML page lists it: a line for each rule."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from preflight.judge.report import Outcome, Report, Result, RuleText
from preflight.output.report.marks import numbered, one_host
from preflight.output.report.problems import in_order

#: Outcomes that the page lists behind the findings, and their headings.
LISTED = {
    Outcome.WAIVED: "Waived",
    Outcome.NOT_APPLICABLE: "Not applicable",
    Outcome.PASSED: "Passed",
}


class Line(Struct, frozen=True):
    """What a rule looked at and did not fail for."""

    rule: RuleText
    subjects: tuple[str, ...]
    reason: str
    messages: tuple[str, ...]
    host: str
    numbers: str


class Checks(Struct, frozen=True):
    """All results of one outcome."""

    outcome: str
    heading: str
    results: int
    lines: tuple[Line, ...]


def checked(report: Report, numbers: Mapping[str, str]) -> Iterator[Checks]:
    """Yield the results of each such outcome; `numbers` are those of the guests, for the filters."""
    for outcome, heading in LISTED.items():
        results = [result for result in report.results if result.outcome is outcome]
        groups: dict[tuple[str, str | None], list[Result]] = {}
        for result in in_order(results):
            groups.setdefault((result.rule.name, result.reason), []).append(result)
        if groups:
            lines = sorted(groups.values(), key=lambda group: group[0].rule.name)
            yield Checks(outcome.value, heading, len(results), tuple(_line(group, numbers) for group in lines))


def _line(results: Sequence[Result], numbers: Mapping[str, str]) -> Line:
    guests = [result.guest for result in results if result.guest is not None]
    subjects = [result.subject for result in results if result.guest is None]
    if len(guests) > 2:
        subjects.append(f"{len(guests)} guests")
    else:
        subjects += [f"guest {guest}" for guest in guests]
    host = one_host(results)
    return Line(
        results[0].rule,
        tuple(subjects),
        results[0].reason or "",
        tuple(finding.message for result in results for finding in result.findings),
        host.value if host else "",
        numbered(guests, numbers),
    )
