"""`preflight status` without a journal lists the runs, newest first; a damaged journal hides no other."""

import json
import os
from pathlib import Path

import pytest

from preflight.commands.status import of_all
from preflight.migrate import journal
from preflight.migrate.journal import Journal
from preflight.migrate.runs import Stage, runs
from preflight.output.formats import render
from preflight.visible import CONTROL
from tests.unit.migrate.plans import PLAN, WEB, altered

DB, OLD = PLAN.guests[1].uuid, PLAN.guests[2].uuid
ROWS = [
    {"name": name, "uuid": uuid, "result": "arrived", "source": "absent", "destination": "running", "began": True}
    for name, uuid in (("web", WEB), ("db", DB), ("old", OLD))
]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert journal.default_directory() == tmp_path / "preflight"
    return tmp_path / "preflight"


def begun(path: Path, made: float) -> Journal:
    written = Journal.create(path, altered(PLAN, made=made))
    written.write("run")
    written.write("begin", WEB)
    return written


def over(path: Path, made: float, rows: list[dict[str, object]]) -> None:
    written = begun(path, made)
    written.write("over", rows=rows)
    written.close()


def test_each_run_is_there_with_its_state_and_the_guests_that_have_not_arrived(directory: Path) -> None:
    over(directory / "a.journal", 1000.0, ROWS)
    begun(directory / "b.journal", 3000.0).close()
    over(directory / "c.journal", 2000.0, [ROWS[0], ROWS[1] | {"result": "stayed"}, ROWS[2] | {"why": "not defined"}])
    held = begun(directory / "d.journal", 4000.0)
    (directory / "e.journal").write_text("{}\n")
    (directory / "notes.txt").write_text("no journal")
    found, older = runs(directory)
    held.close()
    assert older == 0
    assert [(Path(run.path).name, run.stage, run.unfinished) for run in found] == [
        ("d.journal", Stage.RUNNING, ("web", "db", "old")),
        ("b.journal", Stage.CUT_OFF, ("web", "db", "old")),
        ("c.journal", Stage.OVER, ("db", "old")),
        ("a.journal", Stage.OVER, ()),
        ("e.journal", Stage.DAMAGED, ()),
    ]
    assert found[-1].why == "not a preflight journal: name one that `preflight status` lists"


def test_a_run_that_was_gone_on_with_and_cut_off_again_is_not_over(directory: Path) -> None:
    over(directory / "a.journal", 1000.0, ROWS)
    again = Journal.resume(directory / "a.journal")
    again.write("resumed")
    again.close()
    assert runs(directory)[0][0].stage is Stage.CUT_OFF


def test_the_list_is_a_table_and_names_what_is_damaged(directory: Path) -> None:
    begun(directory / "b.journal", 3000.0).close()
    (directory / "e.journal").write_bytes(b'{"preflight_journal": 1}\n')
    os.mkfifo(directory / "f.journal")
    shown = render("runs", "text", of_all()).splitlines()
    assert shown[0].split() == ["begun", "from", "to", "guests", "state", "not", "arrived", "journal"]
    assert "host1.example.com  host2.example.com  3       cut off  web, db, old" in shown[2]
    unsupported = "journal format 1 is not supported (supported: 2 and 3)"
    assert sorted(shown[3:]) == [
        f"damaged: {directory}/e.journal: {unsupported}: use the preflight that wrote it",
        f"damaged: {directory}/f.journal: is not a regular file: name a file",
    ]


def test_the_list_is_read_by_programs(directory: Path) -> None:
    over(directory / "a.journal", 1000.0, ROWS)
    found = json.loads(render("runs", "json", of_all()))
    assert found == {
        "kind": "runs",
        "format": 1,
        "directory": str(directory),
        "older": 0,
        "runs": [
            {
                "path": f"{directory}/a.journal",
                "stage": "over",
                "made": 1000.0,
                "source": "host1.example.com",
                "destination": "host2.example.com",
                "guests": 3,
                "unfinished": [],
                "why": None,
            }
        ],
    }


@pytest.mark.parametrize("output_format", ["text", "json"])
def test_no_escape_of_a_journals_name_reaches_a_terminal(directory: Path, output_format: str) -> None:
    begun(directory / "\x1b[2J\nover.journal", 3000.0).close()
    (directory / "\x9b31m\u202e.journal").write_text("")
    assert not CONTROL.search(render("runs", output_format, of_all()))


def test_where_there_is_no_run_that_is_said(directory: Path) -> None:
    assert render("runs", "text", of_all()) == f"no journal in {directory}\n"
    directory.mkdir()
    assert render("runs", "text", of_all()) == f"no journal in {directory}\n"


def test_the_newest_are_read_where_there_are_many(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preflight.migrate.runs.MOST", 2)
    for number in range(4):
        begun(directory / f"{number}.journal", 1000.0 + number).close()
        os.utime(directory / f"{number}.journal", (number, number))
    assert [Path(run.path).name for run in runs(directory)[0]] == ["3.journal", "2.journal"]
    assert render("runs", "text", of_all()).splitlines()[-1] == f"2 older journals in {directory} are not listed"
