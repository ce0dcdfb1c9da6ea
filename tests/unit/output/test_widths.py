"""All output for people fits a narrow terminal, and is not wrapped in a file."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from preflight.cli.app import with_commands
from preflight.migrate.ledger import Ledger
from preflight.migrate.outlook import Outlook
from preflight.output.formats import render
from preflight.output.outlook import text as outlooks
from preflight.output.plan.text import text
from tests.unit.migrate.plans import PLAN
from tests.unit.output.test_ledger import ARRIVED, NOT_BEGUN, STAYED, UNDER_WAY

ROOT = Path(__file__).parents[3]
PAIR = ("tests/cases/ready/host1.json", "tests/cases/ready/host2.json")
LEDGER = Ledger(PLAN, [ARRIVED, STAYED, NOT_BEGUN, UNDER_WAY])


def printed() -> dict[str, str]:
    """Return the output of commands, by its kind."""
    runner = CliRunner()
    steps = ("abort the job on the source", "start the guest on the destination", "undefine it on the source")
    return {
        "capacity": runner.invoke(with_commands("capacity"), ["capacity", *PAIR]).stdout,
        "rules": runner.invoke(with_commands("rules"), ["rules"]).stdout,
        "ledger": render("ledger", "text", LEDGER),
        "plan": text(PLAN),
        "outlook": outlooks.text([Outlook("web", steps, "libvirt's answer to the last call was lost")]),
    }


@pytest.mark.parametrize("width", [60, 80])
def test_no_line_is_wider_than_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", str(width))
    for what, shown in printed().items():
        assert [line for line in shown.splitlines() if len(line) > width] == [], what


def test_a_file_gets_each_line_whole_and_a_terminal_every_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "60")
    narrow = printed()
    monkeypatch.delenv("COLUMNS")
    for what, shown in printed().items():
        assert sorted(filter(str.isalnum, shown)) == sorted(filter(str.isalnum, narrow[what])), what
        assert max(map(len, shown.splitlines())) > 60, what
