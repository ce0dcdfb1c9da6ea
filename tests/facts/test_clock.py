import contextlib

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.memory.resident import OWN_KIB, Resident
from preflight.facts.system.clock import Clock
from tests.facts.noise import answers

DAEMONS = "clock 1700000030.5 1000.2 100\n"
RESIDENT = "resident 300000 web\nresident  db\n"


def test_a_clock_is_ahead_of_the_machine_that_asked() -> None:
    assert Clock.parse(Record(DAEMONS), Record("1700000000.500")).ahead == pytest.approx(30)


@pytest.mark.parametrize(("daemons", "asked"), [("", "1"), (DAEMONS, ""), (DAEMONS, "x"), ("clock x\n", "1")])
def test_a_clock_that_was_not_told_is_unknown(daemons: str, asked: str) -> None:
    with pytest.raises(Unreadable):
        Clock.parse(Record(daemons), Record(asked))


def test_what_a_guest_has_touched_is_what_its_qemu_holds_without_qemus_own() -> None:
    assert Resident.parse(Record(RESIDENT)).touched("web") == 300000 - OWN_KIB
    assert Resident.parse(Record("resident 5 web\n")).touched("web") == 0


def test_memory_that_was_not_told_is_unknown() -> None:
    with pytest.raises(Unreadable, match="its QEMU was not found"):
        Resident.parse(Record(RESIDENT)).touched("db")
    with pytest.raises(Unreadable, match="broken"):
        Resident.parse(Record("", 1, "broken")).touched("web")


def test_hostile_text_is_refused_or_read() -> None:
    for answer in answers(DAEMONS + RESIDENT):
        with contextlib.suppress(Unreadable):
            Clock.parse(answer, answer)
        with contextlib.suppress(Unreadable):
            Resident.parse(answer).touched("web")
