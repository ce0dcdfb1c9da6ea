"""The outcome of a rehearsal as lines of JSON: those of the check, and one for each guest before the verdict."""

from collections.abc import Iterator

from preflight.output.rehearsal.json import guest_of
from preflight.output.report.jsonl import ending, lines
from preflight.rehearse.report import RehearsalReport
from preflight.schema import report_lines as schema
from preflight.schema.document import line


def render(report: RehearsalReport, _colour: bool) -> str:
    """Return a line for the report, for each finding, each unknown and each guest, and for the verdict."""
    return "".join(map(line, _lines(report)))


def _lines(report: RehearsalReport) -> Iterator[schema.Line]:
    yield from lines(report)
    for guest in report.outcome.guests:
        yield schema.Rehearsed(kind="rehearsed", **dict(guest_of(guest)))
    yield ending(report)
