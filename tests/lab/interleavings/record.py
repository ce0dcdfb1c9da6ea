"""The recorded interleavings, and their section of docs/reference/chaos.md."""

from pathlib import Path

from tests.lab.interleavings.run import Outcome
from tests.lab.interleavings.table import summary
from tests.lab.lines import Lines

RECORDED = Path(__file__).with_name("recorded.jsonl")


def markdown() -> str:
    """Return the section of docs/reference/chaos.md."""
    outcomes = Lines(RECORDED, Outcome).read()
    if not outcomes:
        return "Nothing is recorded yet."
    last = outcomes[-1].code
    table = summary(outcomes, tablefmt="github")
    return f"{table}\n\nRecorded with commit {last.commit} (preflight/migrate {last.migrate})."
