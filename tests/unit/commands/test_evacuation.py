"""The end of an evacuation: the ledger is printed whatever becomes of the record."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from preflight.commands.evacuation import carried_out, told
from preflight.errors import UserError
from preflight.evacuate.rounds import Carried, Halt, Rounds
from preflight.evacuate.rows import Moved
from preflight.migrate.outcome import Result
from preflight.schema.evacuation import Evacuation
from tests.unit.evacuate.records import DB, RECORD, WEB, row
from tests.unit.evacuate.test_rounds import World

FULL = "/srv/run.evacuation: No space left on device"


class FullDisk(World):
    """A world in which the record cannot be written."""

    def write(self, record: Evacuation) -> None:
        raise UserError(FULL)


def test_the_ledger_is_printed_though_the_record_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    moved = {WEB: Moved("kvm1", "kvm2", row(WEB, Result.ARRIVED)), DB: Moved("kvm1", "kvm3", row(DB, Result.STAYED))}
    rounds = Rounds(RECORD, FullDisk(), moved)
    assert told(rounds) == 4
    printed = capsys.readouterr()
    assert "NOT EVACUATED  1 of 2 guests off kvm1" in printed.out
    assert printed.err == f"preflight: the record is incomplete: {FULL}\n"


def test_a_round_that_cannot_be_recorded_does_not_begin_and_is_told(tmp_path: Path) -> None:
    world = FullDisk()
    rounds = Rounds(RECORD, world)
    assert carried_out(tmp_path / "run.evacuation", rounds, rounds.run) == FULL
    assert world.tried == []


@pytest.mark.parametrize("home", [False, True])
def test_guests_that_are_there_but_not_as_requested_are_counted_as_there(
    capsys: pytest.CaptureFixture[str], *, home: bool
) -> None:
    ways = ("kvm2", "kvm1") if home else ("kvm1", "kvm2")
    unproven = replace(row(WEB, Result.ARRIVED), why="no disk has been written to within 30 s")
    moved = {WEB: Moved(*ways, unproven), DB: Moved(*ways, row(DB, Result.ARRIVED))}
    assert told(Rounds(RECORD.model_copy(update={"home": home}), World(), moved)) == 4
    said = capsys.readouterr().out.splitlines()
    assert "web: no disk has been written to within 30 s" in said
    end = "HOME, BUT NOT AS REQUESTED  2 of 2 guests on kvm1" if home else None
    assert said[-1] == (end or "EVACUATED, BUT NOT AS REQUESTED  2 of 2 guests off kvm1")


def test_nothing_that_was_begun_is_a_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    rounds = Rounds(RECORD, FullDisk())
    assert told(rounds, FULL) == 5
    assert capsys.readouterr().out == ""


def test_all_that_arrived_is_all_though_the_record_cannot_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    moved = {uuid: Moved("kvm1", "kvm2", row(uuid, Result.ARRIVED)) for uuid in (WEB, DB)}
    assert told(Rounds(RECORD, FullDisk(), moved)) == 0
    assert "EVACUATED  2 of 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("halt", "code"), [(Halt.DISTURBED, 4), (Halt.INTERRUPTED, 130), (Halt.DECLINED, 5), (None, 5)]
)
@pytest.mark.parametrize("before", [True, False])
def test_the_exit_code_says_why_no_further_round_begins(halt: Halt | None, code: int, *, before: bool) -> None:
    """A rehearsal comes before the first move, or between moves: what was asked for is not done either way."""

    class Halted(World):
        def carry_out(self, _legs: object, _rounds: object) -> Carried:
            return Carried(halt=halt, refused="refused: no rehearsal was accepted")

    world = Halted()
    moved = {WEB: Moved("kvm1", "kvm2", row(WEB, Result.ARRIVED))} if before else {}
    rounds = Rounds(RECORD, world, moved)
    assert told(rounds, rounds.run()) == (4 if before and code == 5 else code)
    assert world.plans == 0
