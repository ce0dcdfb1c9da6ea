"""The outcome of a rehearsal as one table, for wide terminals and for pasting."""

from preflight.output.rehearsal.text import HEADS, VERDICTS, cells, verdict
from preflight.output.terminal import columns, width, wrapped
from preflight.rehearse.outcome import GuestOutcome, Outcome
from preflight.visible import one_line


def render(outcome: Outcome, _colour: bool) -> str:
    """Return a row for each guest with libvirt's message or the reason, and the verdict."""
    wide = width()
    heads = (*HEADS, "verdict", "message or reason")
    rows = [heads, *(_row(guest) for guest in outcome.guests)]
    return "\n".join([*columns(rows, width=wide), "", *wrapped(verdict(outcome), width=wide)]) + "\n"


def _row(guest: GuestOutcome) -> tuple[str, ...]:
    told = guest.rehearsed
    parts = (told.error, told.rule and f"[{told.rule}]", told.why, *told.left)
    return (*cells(guest), VERDICTS[guest.verdict], one_line("; ".join(filter(None, parts))))
