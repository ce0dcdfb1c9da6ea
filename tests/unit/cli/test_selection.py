"""The guests that are selected: the same options, with the same meaning, for each command that takes guests."""

import inspect
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner, Result

from preflight.cli.app import with_commands
from preflight.cli.capacity import capacity
from preflight.cli.check import check
from preflight.cli.migrate import migrate, plan
from preflight.connection import snapshot
from preflight.errors import UserError
from preflight.judge.guests import Skip, choose_guests
from preflight.judge.report import Verdict
from preflight.output.plan import text as shown_plan
from preflight.plan import make
from preflight.request.check_request import Selection
from preflight.request.method import Method
from preflight.schema.report import SkipReason
from tests.case import Case
from tests.unit.plan import pairs

#: A guest that runs and three that are off; the comma is a part of one name.
GUESTS = {"web": 1, "db": None, "mail": None, "a,b": None}
UUIDS = {name: f"0b6d7c1e-2a4f-4d5c-9b8e-00000000000{number}" for number, name in enumerate(GUESTS)}


def several() -> Case:
    case = Case()

    def more(text: str) -> str:
        listed = json.loads(text)
        [web] = listed["domains"]
        listed["domains"] = [
            web
            | {
                "name": name,
                "uuid": UUIDS[name],
                "id": number,
                "state": 1 if number else 5,
                "reason": 1,
                "xml": web["xml"].replace("<name>web<", f"<name>{name}<").replace(web["uuid"], UUIDS[name]),
            }
            for name, number in GUESTS.items()
        ]
        return json.dumps(listed)

    return case.source("libvirt.domains", more)


def chosen(**selected: Any) -> tuple[set[str | None], dict[Skip, set[str]]]:
    source = several().asking(select=("same-host",)).checked().source
    found = choose_guests(source, Selection(**selected))
    return set(found.guests), {why: set(names) for why, names in found.skipped.items()}


OFF = {"db", "mail", "a,b"}


@pytest.mark.parametrize(
    ("selected", "names", "skipped"),
    [
        ({}, {"web"}, {Skip.OFF: OFF}),
        ({"offline": True}, OFF, {Skip.RUNNING: {"web"}}),
        ({"as_they_are": True}, {"web", *OFF}, {}),
        ({"as_they_are": True, "left_out": ("db",)}, {"web", "mail", "a,b"}, {Skip.LEFT_OUT: {"db"}}),
        ({"as_they_are": True, "left_out": ("db,web",)}, {"mail", "a,b"}, {Skip.LEFT_OUT: {"db", "web"}}),
        ({"as_they_are": True, "left_out": ("a,b", "db, mail")}, {"web"}, {Skip.LEFT_OUT: OFF}),
        ({"as_they_are": True, "left_out": (UUIDS["db"],)}, {"web", "mail", "a,b"}, {Skip.LEFT_OUT: {"db"}}),
        ({"left_out": ("db",)}, {"web"}, {Skip.OFF: {"mail", "a,b"}, Skip.LEFT_OUT: {"db"}}),
        ({"guests": ("db", UUIDS["mail"]), "as_they_are": True}, {"db", "mail"}, {}),
        ({"no_guests": True}, set(), {}),
    ],
)
def test_guests_are_selected_by_kind_or_by_name(
    selected: dict[str, Any], names: set[str], skipped: dict[Skip, set[str]]
) -> None:
    assert chosen(**selected) == (names, skipped)


@pytest.mark.parametrize("left_out", ["dbx", "db,dbx", "db,", ""])
def test_a_guest_to_leave_out_that_does_not_exist_is_refused(left_out: str) -> None:
    with pytest.raises(UserError, match=r"has no guest '(dbx)?'; it has: a,b, db, mail, web"):
        chosen(as_they_are=True, left_out=(left_out,))


def test_a_guest_cannot_be_both_named_and_left_out() -> None:
    with pytest.raises(UserError, match="guest 'db' is both selected by name and left out: name it once"):
        chosen(guests=("db", "web"), left_out=(UUIDS["db"],))


def test_the_options_are_declared_once() -> None:
    """Each command takes the same parameters, with the same help."""
    commands = [inspect.signature(command).parameters for command in (check, capacity, plan, migrate)]
    for name in ("all_guests", "running", "offline", "left_out"):
        assert len({id(parameters[name].annotation) for parameters in commands}) == 1, name
    assert commands[0]["guests"].annotation is commands[1]["guests"].annotation is commands[2]["guest"].annotation


def run(case: Case, tmp_path: Path, *words: str, command: str = "check") -> Result:
    pair = tmp_path / "pair.json"
    snapshot.write(pair, case.hosts)
    return CliRunner().invoke(with_commands(command), [command, str(pair), *words])


SAME = ("--select", "guest-not-running")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 0, ["3 guests are off and were not checked: 'a,b', db, mail; --all includes them"]),
        (("--running",), 0, ["3 guests are off and were not checked: 'a,b', db, mail; --all includes them"]),
        (("--offline",), 0, ["1 guest is running and was not checked: web; --all includes it"]),
        (("--all",), 0, []),
        (("--all", "--except", "db,mail"), 0, ["2 guests were left out: db, mail"]),
        # what migrate moves by its definition, and what it refuses
        (("--guest", "db"), 0, []),
        (("--guest", "db", "--running"), 1, []),
        (("--guest", "db", "--offline"), 0, []),
        (("--no-guests",), 0, []),
    ],
)
def test_a_check_says_in_one_line_what_it_did_not_check(
    words: tuple[str, ...], code: int, said: list[str], tmp_path: Path
) -> None:
    for form in ("text", "table"):
        done = run(several(), tmp_path, *SAME, *words, "--format", form)
        assert done.exit_code == code, done.output
        assert [line for line in done.stdout.splitlines() if "not checked" in line or "left out" in line] == said


def test_the_json_of_a_check_names_them_and_the_reason(tmp_path: Path) -> None:
    done = run(several(), tmp_path, *SAME, "--except", "web", "--format", "json")
    document = json.loads(done.stdout)
    assert {(one["name"], one["reason"]) for one in document["skipped"]} == {
        ("web", "left out"),
        *((name, "off") for name in OFF),
    }
    assert set(get_args(SkipReason)) == {why.value for why in Skip}


@pytest.mark.parametrize("command", ["check", "capacity"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--all", "--running"), "--all, --running and --offline are mutually exclusive: give one of them"),
        (("--all", "--guest", "web"), "name guests, or give --all, but not both"),
        (("--except", "nobody"), "host1.example.com has no guest 'nobody'; it has: a,b, db, mail, web"),
    ],
)
def test_a_selection_that_is_none_is_refused(command: str, words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = run(several(), tmp_path, *words, command=command)
    assert isinstance(done.exception, UserError)
    assert str(done.exception) == said


def test_capacity_says_what_it_did_not_count(tmp_path: Path) -> None:
    done = run(several(), tmp_path, "--bandwidth", "100", command="capacity")
    assert "             3 guests are off and were not counted: 'a,b', db, mail; --all includes them\n" in done.stdout
    every = run(several(), tmp_path, "--bandwidth", "100", "--all", command="capacity")
    assert "guests that are off have no memory to send and are not counted: 'a,b', db, mail\n" in every.stdout


def test_a_plan_says_what_it_does_not_include() -> None:
    found = pairs.checked(several(), as_they_are=False)
    assert found.report.verdict is Verdict.READY
    assert {guest.name for guest in found.guests} == {"web"}
    said = shown_plan.text(make.plan(found, Method(), make.Pace(1, "", {}), {}), found.report)
    assert "not included 3 guests are off and were not planned: 'a,b', db, mail; --all includes them\n" in said
