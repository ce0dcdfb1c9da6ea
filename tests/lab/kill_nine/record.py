"""The recorded kills, and their section of docs/reference/chaos.md."""

from pathlib import Path

from tests.lab.kill_nine.run import Outcome
from tests.lab.kill_nine.table import summary
from tests.lab.lines import Lines

RECORDED = Path(__file__).with_name("recorded.jsonl")


def markdown() -> str:
    """Return the section of docs/reference/chaos.md."""
    outcomes = Lines(RECORDED, Outcome).read()
    if not outcomes:
        return "Nothing is recorded yet."
    last = outcomes[-1].code
    wrong = [f"- {each.mode} {each.number}: {'; '.join(each.violations)}" for each in outcomes if each.violations]
    listed = "\n".join(wrong) or "No violation."
    of = f"Recorded with commit {last.commit} (preflight/migrate {last.migrate})."
    return "\n\n".join((summary(outcomes, tablefmt="github"), of, listed))
