"""The outcome of a run for each guest, as one HTML file."""

import time

from preflight.migrate.outcome import Result
from preflight.output.ledger.text import HEADS, Told, cells, count, is_as_asked, remarks, word
from preflight.output.page.template import fill


def render(ledger: Told, _colour: bool) -> str:
    """Return the guests, and what there is to say about some, as a page with a final newline."""
    plan = ledger.plan
    return fill(
        "ledger.html",
        source=plan.source,
        destination=plan.destination,
        made=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(plan.made)),
        word=word(ledger),
        tone=_tone(ledger),
        count=count(ledger),
        heads=(HEADS[0], HEADS[1], f"on {plan.source}", f"on {plan.destination}", *HEADS[2:]),
        guests=tuple(map(cells, ledger.rows)),
        remarks=tuple(remarks(ledger)),
    )


def _tone(ledger: Told) -> str:
    if all(map(is_as_asked, ledger.rows)) and not ledger.plan.stays:
        return "ready"
    return "undetermined" if all(row.result is Result.ARRIVED for row in ledger.rows) else "not-ready"
