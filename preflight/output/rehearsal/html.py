"""The outcome of a rehearsal as one HTML file: the check's page, with libvirt's answer about each guest."""

from preflight.output.rehearsal.text import HEADS, VERDICTS, cells, remarks, word_of
from preflight.output.report.html import page
from preflight.rehearse.report import RehearsalReport


def render(report: RehearsalReport, _colour: bool) -> str:
    """Return the page with a final newline."""
    outcome = report.outcome
    return page(
        report,
        word=word_of(outcome),
        heads=(*HEADS, "verdict"),
        rehearsed=tuple((*cells(guest), VERDICTS[guest.verdict]) for guest in outcome.guests),
        said=tuple(remarks(outcome)),
    )
