"""Where the interleavings are kept, and what docs/reference/chaos.md says of them."""

from pathlib import Path

from tests.lab.interleavings.run import Outcome
from tests.lab.interleavings.table import summary
from tests.lab.lines import Lines

RECORDED = Path(__file__).with_name("recorded.jsonl")


def markdown() -> str:
    """The section of docs/reference/chaos.md."""
    outcomes = Lines(RECORDED, Outcome).read()
    if not outcomes:
        return "Nothing is recorded yet."
    last = outcomes[-1].code
    return f"{summary(outcomes, tablefmt='github')}\n\nOf commit {last.commit}, preflight/migrate {last.migrate}."
