"""The recorded rehearsals with faults, and their section of docs/reference/rehearse.md."""

from pathlib import Path

from tests.lab.lines import Lines
from tests.lab.rehearse_faults.run import Outcome
from tests.lab.rehearse_faults.table import summary

RECORDED = Path(__file__).with_name("recorded.jsonl")


def markdown() -> str:
    """Return the section."""
    outcomes = Lines(RECORDED, Outcome).read()
    if not outcomes:
        return "Nothing is recorded yet."
    last = outcomes[-1].code
    wrong = [f"- {each.fault}, {each.mode} {each.number}: {'; '.join(each.violations)}" for each in outcomes]
    listed = "\n".join(line for line, each in zip(wrong, outcomes, strict=True) if each.violations) or "No violation."
    of = f"Recorded with commit {last.commit} (preflight/rehearse {last.rehearse})."
    return "\n\n".join((summary(outcomes, tablefmt="github"), of, listed))
