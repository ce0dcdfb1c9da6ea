"""The outcome of a run for each guest, as Markdown."""

from collections.abc import Iterator

from preflight.output.ledger.text import HEADS, Told, cells, remarks, verdict
from preflight.output.markdown_text import table, text


def render(ledger: Told, _colour: bool) -> str:
    """Return a table of the guests, what there is to say about some, and one line for all."""
    return "\n".join(_lines(ledger)) + "\n"


def _lines(ledger: Told) -> Iterator[str]:
    yield f"## {text(verdict(ledger))}"
    yield ""
    hosts = (f"on {ledger.plan.source}", f"on {ledger.plan.destination}")
    heads = (HEADS[0], HEADS[1], *hosts, *HEADS[2:])
    yield from table(tuple(map(text, heads)), (tuple(map(text, cells(row))) for row in ledger.rows))
    yield from (f"- {text(line)}" for line in remarks(ledger))
