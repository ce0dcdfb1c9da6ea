"""What a journal tells of each guest: what was last seen on both hosts, and what was begun since."""

from pathlib import Path

import msgspec

from preflight import journal
from preflight.journal import Journal
from preflight.migrate.ledger import Row, of_journal
from preflight.migrate.recovery import Result
from preflight.migrate.sighting import Place
from tests.migrate.plans import PLAN, WEB

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
