"""Every row that the lab has seen, judged again from its hosts' answers: the verdict must still be what happened."""

import functools
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from preflight.cli.app import with_commands
from preflight.judge.ruleset import Rule, load
from preflight.rule import Severity
from tests.lab.truth.__main__ import wrong
from tests.lab.truth.record import RECORDED, files, is_recorded, read, seen
from tests.lab.truth.row import HERE, rows

ROWS = rows()
WITHOUT_ROW = tomllib.loads((HERE / "without_row.toml").read_text(encoding="utf-8"))
SEEN = sorted(name for name in ROWS if is_recorded(name))


@functools.cache
def parser() -> Any:
    """Return the parser of the command line of a check, made once: it takes a seventh of the time of a check."""
    return typer.main.get_command(with_commands("check"))


def run(words: list[str]) -> int:
    """Run a check and return its exit code."""
    try:
        with parser().make_context("preflight", words) as context:
            parser().invoke(context)
    except typer.Exit as end:
        return end.exit_code
    return 0


@pytest.mark.parametrize("name", SEEN)
def test_the_verdict_from_the_recorded_hosts_is_what_happened(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = read(name)
    assert recorded is not None
    saw, snapshot = recorded
    pair = tmp_path / "pair.json"
    pair.write_text(snapshot, encoding="utf-8")
    words = list(ROWS[name].checked_with)
    for number, (path, text) in enumerate(files(name).items()):
        kept = tmp_path / str(number)
        kept.write_text(text, encoding="utf-8")
        words[words.index(path)] = str(kept)
    # what a developer's own configuration says does not count
    code = run(["check", str(pair), "--format", "json", "--no-config", *words])
    said = capsys.readouterr()
    assert code in (0, 1, 3), said.err
    now = seen(json.loads(said.out), saw.outcome, saw.message)
    assert wrong(ROWS[name], now) is None


def test_every_row_names_a_rule_that_exists() -> None:
    assert {row.rule for row in ROWS.values()} <= {rule.name for rule in load()}


@pytest.mark.parametrize("rule", load(), ids=lambda rule: rule.name)
def test_every_rule_has_a_row_that_it_catches_and_one_that_could_fool_it(rule: Rule) -> None:
    # a rule that is no error cannot make a row fail
    wanted = {"moves", "fails"} if rule.body.severity is Severity.ERROR else {"moves"}
    there = {row.expect for row in ROWS.values() if row.rule == rule.name}
    excused = {way for way, reasons in WITHOUT_ROW.items() if reasons.get(rule.name)}
    assert wanted <= there | excused, f"{rule.name}: write a row, or a reason into without_row.toml"
    assert not there & excused, f"{rule.name}: there is such a row, so without_row.toml need not say why there is none"


def test_only_rules_that_exist_are_excused_from_rows() -> None:
    assert WITHOUT_ROW.keys() == {"moves", "fails"}
    assert {name for reasons in WITHOUT_ROW.values() for name in reasons} <= {rule.name for rule in load()}


def test_what_is_recorded_has_a_row() -> None:
    recorded = {str(path.relative_to(RECORDED)).removesuffix(".json.gz") for path in RECORDED.glob("*/*.json.gz")}
    assert recorded <= set(ROWS)


def test_blocked_rows_have_the_cause_that_libvirt_names() -> None:
    blocked = [(name, known[0]) for name in SEEN if (known := read(name)) and known[0].outcome == "fails"]
    same = sum(saw.same_cause(ROWS[name]) for name, saw in blocked)
    assert same >= 0.9 * len(blocked), f"{same} of {len(blocked)}"
