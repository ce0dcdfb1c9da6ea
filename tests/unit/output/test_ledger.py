"""The ledger of the guests, for people and for programs."""

import json

from msgspec.structs import replace

from preflight.migrate.ledger import Ledger, Row
from preflight.migrate.observation import Place
from preflight.migrate.outcome import Result
from preflight.output.formats import render
from tests.unit.migrate.plans import PLAN, WEB

ARRIVED = Row(
    name="web",
    uuid=WEB,
    result=Result.ARRIVED,
    source=Place.ABSENT,
    destination=Place.RUNNING,
    persistent=True,
    seconds=12.345,
    downtime=0.0421,
    began=True,
)
STAYED = Row(
    name="db\x1b[2J\nNOT A LINE",
    uuid="2",
    result=Result.STAYED,
    source=Place.RUNNING,
    destination=Place.ABSENT,
    error="operation failed: \x1b[31mno",
    rule="disk-not-shared",
    began=True,
)
NOT_BEGUN = Row(name="old", uuid="3", result=Result.STAYED, source=Place.OFF, destination=Place.ABSENT)
UNDER_WAY = Row(name="now", uuid="4", began=True)


def test_all_that_arrived() -> None:
    assert render("ledger", "text", Ledger(PLAN, [ARRIVED])).splitlines() == [
        "guest  result   on host1.example.com  on host2.example.com  duration  downtime",
        "-----  -------  --------------------  --------------------  --------  --------",
        "web    ARRIVED  absent                running               12.3 s    42 ms",
        "",
        "ARRIVED  host1.example.com -> host2.example.com: 1 of 1 guest",
    ]


def test_a_guest_that_is_called_like_the_verdict_is_in_quotes() -> None:
    """A name may have blanks, and a person or a script finds the last line by its first word."""
    name = "ARRIVED  host1 -> host2: 9 of 9 guests"
    lines = render("ledger", "text", Ledger(PLAN, [replace(STAYED, name=name)])).splitlines()
    assert [line for line in lines if line.startswith("ARRIVED")] == []
    assert any(line.startswith(f"'{name}'") for line in lines)


def test_each_that_did_not_says_why_and_which_rule_explains_it() -> None:
    lines = render("ledger", "text", Ledger(PLAN, [ARRIVED, STAYED, NOT_BEGUN, UNDER_WAY])).splitlines()
    assert lines[-1] == "NOT ARRIVED  host1.example.com -> host2.example.com: 1 of 4 guests"
    assert [line.split()[-3] for line in lines if line.startswith("old")] == ["BEGUN"]
    assert any(line.startswith("now") and "UNDER WAY" in line and line.count("?") == 2 for line in lines)
    assert "'db\\x1b[2J NOT A LINE': operation failed: \\x1b[31mno" in lines
    assert "'db\\x1b[2J NOT A LINE': see `preflight explain disk-not-shared`" in lines


def test_one_that_arrived_otherwise_than_asked_says_so() -> None:
    row = Row(
        name="web", uuid=WEB, result=Result.ARRIVED, why="the guest is not defined on the destination", began=True
    )
    assert "web: the guest is not defined on the destination" in render("ledger", "text", Ledger(PLAN, [row]))


def test_one_that_arrived_without_its_autostart_is_no_success_for_people_or_programs() -> None:
    why = "autostart could not be enabled on the destination (virsh autostart web): no"
    row = Row(name="web", uuid=WEB, result=Result.ARRIVED, why=why, began=True)
    lines = render("ledger", "text", Ledger(PLAN, [row])).splitlines()
    assert lines[-1] == "ARRIVED, BUT NOT AS REQUESTED  host1.example.com -> host2.example.com: 1 of 1 guest"
    assert f"web: {why}" in lines
    assert json.loads(render("ledger", "json", Ledger(PLAN, [row])))["arrived"] is False


def test_state_files_that_the_source_keeps_are_named() -> None:
    row = Row(name="web", uuid=WEB, result=Result.ARRIVED, began=True, kept=("/var/lib/libvirt/qemu/nvram/web\x1b",))
    assert "web: the source keeps its own /var/lib/libvirt/qemu/nvram/web\\x1b" in render(
        "ledger", "text", Ledger(PLAN, [row])
    )
    assert json.loads(render("ledger", "json", Ledger(PLAN, [row])))["guests"][0]["kept"] == [
        "/var/lib/libvirt/qemu/nvram/web\x1b"
    ]


def test_programs_get_the_same() -> None:
    told = json.loads(render("ledger", "json", Ledger(PLAN, [ARRIVED, STAYED, UNDER_WAY])))
    assert (told["format"], told["arrived"], told["source"]) == (1, False, "host1.example.com")
    assert [guest["result"] for guest in told["guests"]] == ["arrived", "stayed", None]
    assert told["guests"][0]["downtime"] == 0.0421
    assert "\x1b" not in render("ledger", "json", Ledger(PLAN, [STAYED]))
