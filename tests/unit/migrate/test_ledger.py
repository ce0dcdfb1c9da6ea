"""A journal's report about each guest: what was last seen on both hosts, and what was begun since."""

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec.structs import replace

from preflight.commands.status import of_run
from preflight.errors import UserError
from preflight.migrate import journal
from preflight.migrate.journal import Journal
from preflight.migrate.ledger import Row, judge, of_journal
from preflight.migrate.observation import BY_USER, Place, Sighting
from preflight.migrate.outcome import Intent, Result
from preflight.migrate.past import past
from preflight.output.formats import render
from preflight.schema.journal import PlaceName
from preflight.visible import CONTROL
from tests.unit.migrate.plans import PLAN, WEB

DB, OLD = PLAN.guests[1].uuid, PLAN.guests[2].uuid


def told(path: Path) -> dict[str, tuple[Result | None, Place | None]]:
    return {row.name: (row.result, row.destination) for row in of_journal(*journal.read(path))}


def test_before_an_end_only_what_was_begun_is_known(tmp_path: Path) -> None:
    made = Journal.create(tmp_path / "j", PLAN)
    made.write("begin", WEB)
    made.write("ended", WEB, result="arrived", source="absent", destination="running")
    made.write("begin", DB)
    assert told(tmp_path / "j") == {"web": (Result.ARRIVED, Place.RUNNING), "db": (None, None), "old": (None, None)}
    made.close()


def test_an_end_tells_of_all_guests_and_a_new_beginning_takes_its_own_back(tmp_path: Path) -> None:
    made = Journal.create(tmp_path / "j", PLAN)
    made.write("begin", WEB)
    made.write("ended", WEB, result="arrived", source="absent", destination="running")
    rows = [
        Row(name="web", uuid=WEB, result=Result.STOPPED, source=Place.ABSENT, destination=Place.OFF, began=True),
        Row(name="db", uuid=DB, result=Result.STAYED, source=Place.RUNNING, destination=Place.ABSENT),
        Row(name="old", uuid=OLD, result=Result.STAYED, source=Place.OFF, destination=Place.ABSENT),
    ]
    made.write("over", rows=msgspec.to_builtins(rows))
    seen = told(tmp_path / "j")
    assert seen["web"] == (Result.STOPPED, Place.OFF), "it was looked at again after it had arrived"
    assert seen["db"] == (Result.STAYED, Place.ABSENT)
    made.write("resumed")
    made.write("begin", DB)
    seen = told(tmp_path / "j")
    assert seen["db"] == (None, None)
    assert seen["web"] == (Result.STOPPED, Place.OFF)
    made.close()


RAN = Intent(running=True, persistent=True, persist=True, undefine=True, handed_over=True, confirmed=True)
KEPT_OFF = Intent(running=False, persistent=True, persist=True, undefine=False)
ABSENT, OFF = Sighting(Place.ABSENT), Sighting(Place.OFF, persistent=True)


@pytest.mark.parametrize(
    ("source", "destination", "result", "why"),
    [
        (ABSENT, Sighting(Place.RUNNING, persistent=True), Result.ARRIVED, ""),
        (
            ABSENT,
            Sighting(Place.PAUSED, BY_USER, persistent=True),
            Result.PAUSED,
            "the guest is paused on the destination",
        ),
        (ABSENT, Sighting(Place.RUNNING), Result.ARRIVED, "the guest is not defined on the destination"),
        (OFF, Sighting(Place.RUNNING, persistent=True), Result.ARRIVED, "the source still has its definition"),
    ],
)
def test_a_guest_that_is_there_and_not_as_it_was_asked_for_is_said_to_be(
    source: Sighting, destination: Sighting, result: Result, why: str
) -> None:
    assert judge(RAN, source, destination) == (result, why)


def test_a_guest_that_is_off_and_kept_has_arrived_only_once_it_was_seen_to_be_whole() -> None:
    assert judge(KEPT_OFF, OFF, OFF) == (Result.STAYED, "both hosts have its definition")
    assert judge(replace(KEPT_OFF, handed_over=True), OFF, OFF) == (Result.ARRIVED, "")
    assert judge(KEPT_OFF, ABSENT, OFF) == (Result.ARRIVED, "")


def test_a_guest_is_what_it_was_when_its_move_began(tmp_path: Path) -> None:
    made = Journal.create(tmp_path / "j", PLAN)
    made.write("begin", WEB, paused=True, is_defined_there=True)
    made.write("begin", OLD)
    made.note("defined", OLD)
    entries = journal.read(tmp_path / "j")[1]
    made.close()
    web = past(entries, WEB).of_now(PLAN.guests[0])
    assert (web.paused, web.is_defined_there) == (True, True)
    assert past(entries, DB).of_now(PLAN.guests[1]) == PLAN.guests[1]
    assert past(entries, OLD).handed_over


def test_one_that_is_there_and_not_as_it_was_asked_for_is_settled_again(tmp_path: Path) -> None:
    made = Journal.create(tmp_path / "j", PLAN)
    made.write("begin", WEB)
    made.write("ended", WEB, result="arrived", why="the guest is not defined on the destination")
    made.write("begin", DB)
    made.write("ended", DB, result="arrived", why="")
    entries = journal.read(tmp_path / "j")[1]
    made.close()
    assert (past(entries, WEB).is_done, past(entries, DB).is_done) == (False, True)


def over(path: Path, **row: Any) -> tuple[Row, ...]:
    made = Journal.create(path, PLAN)
    made.write("over", rows=[{"name": "web", "uuid": WEB, "result": "stayed", "error": "no", **row}])
    made.close()
    return of_journal(*journal.read(path))


def test_a_rule_that_is_none_is_not_shown_as_a_command_to_type(tmp_path: Path) -> None:
    assert over(tmp_path / "a", rule="shared-host-uuid")[0].rule == "shared-host-uuid"
    assert over(tmp_path / "b", rule="x; touch /tmp/pwned")[0].rule is None


def test_a_row_of_a_journal_bears_the_name_that_the_plan_gives_its_guest(tmp_path: Path) -> None:
    assert over(tmp_path / "j", name="db")[0].name == "web"


ESCAPES = "\x1b]52;c;cHduZWQ=\x07\x1b[2J\nARRIVED  a -> b: 1 of 1 guest\r\x9b31m\u202e"


@pytest.mark.parametrize("output_format", ["text", "json"])
@pytest.mark.parametrize("field", ["error", "why"])
def test_no_escape_and_no_line_of_a_journal_reaches_a_terminal(tmp_path: Path, output_format: str, field: str) -> None:
    over(tmp_path / "j", **{field: ESCAPES})
    shown = render("ledger", output_format, of_run(tmp_path / "j"))
    assert "ARRIVED  a -> b" in shown
    assert not CONTROL.search(shown)
    assert not any(line.startswith("ARRIVED") for line in shown.splitlines())


def test_a_rule_with_escapes_is_no_rule_of_a_journal(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Expected one line without control characters - at `\$.told.rows\[0\].rule`"):
        over(tmp_path / "j", rule=ESCAPES)


def test_every_place_that_a_journal_may_name_is_shown(tmp_path: Path) -> None:
    for number, place in enumerate(get_args(PlaceName)):
        assert over(tmp_path / f"{number}", source=place)[0].source is not None
