"""The outcome of a rehearsal as Markdown: the check's, with libvirt's answer about each guest before the findings."""

from collections.abc import Iterator

from preflight.output.markdown_text import table, text
from preflight.output.rehearsal.text import HEADS, VERDICTS, cells, remarks, word_of
from preflight.output.report.markdown import lines
from preflight.rehearse.outcome import Outcome
from preflight.rehearse.report import RehearsalReport


def render(report: RehearsalReport, _colour: bool) -> str:
    """Return the rehearsal as Markdown with tables."""
    outcome = report.outcome
    return "\n".join(lines(report, word=word_of(outcome), first=_rehearsal(outcome))) + "\n"


def _rehearsal(outcome: Outcome) -> Iterator[str]:
    yield "### Rehearsal"
    yield ""
    rows = ((*cells(guest), VERDICTS[guest.verdict]) for guest in outcome.guests)
    yield from table((*HEADS, "verdict"), (tuple(map(text, row)) for row in rows))
    if said := [f"- {text(line)}" for line in remarks(outcome)]:
        yield from (*said, "")
