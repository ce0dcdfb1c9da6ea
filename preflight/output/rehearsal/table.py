"""The outcome of a rehearsal as one table, for wide terminals and for pasting."""

from preflight.output.rehearsal.text import HEADS, VERDICTS, cells, verdict
from preflight.output.report.text import origin
from preflight.output.terminal import columns, width, wrapped
from preflight.rehearse.outcome import GuestOutcome
from preflight.rehearse.report import RehearsalReport
from preflight.visible import one_line


def render(report: RehearsalReport, _colour: bool) -> str:
    """Return a row for each guest with libvirt's message or the reason, the origin, and the verdict."""
    wide, outcome = width(), report.outcome
    heads = (*HEADS, "verdict", "message or reason")
    rows = [heads, *(_row(guest) for guest in outcome.guests)]
    ending = (*origin(report, wide), "", *wrapped(verdict(outcome), width=wide))
    return "\n".join([*columns(rows, width=wide), "", *ending]) + "\n"


def _row(guest: GuestOutcome) -> tuple[str, ...]:
    told = guest.rehearsed
    parts = (told.error, told.rule and f"[{told.rule}]", told.why, *told.left)
    return (*cells(guest), VERDICTS[guest.verdict], one_line("; ".join(filter(None, parts))))
