"""The plan of an evacuation, from snapshots of hosts that were never booted: see tests/fleet.py."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from preflight.answers import Answers, Record, SavedHost
from preflight.commands.evacuate import request_of
from preflight.commands.migrate import Wanted
from preflight.commands.run_check import asked_for, rules_of
from preflight.connection import snapshot
from preflight.errors import UserError
from preflight.evacuate.planning import Planned, Request, planned
from preflight.evacuate.wishes import Wishes, parsed_group, parsed_reserve
from preflight.output.evacuation import plan as text
from preflight.placement.answer import Constraint
from preflight.plan.make import Refused
from preflight.request.check_request import Selection, Site
from preflight.request.method import Method
from preflight.request.migration import Mode
from preflight.schema.evacuation import EVACUATION, Closed
from tests.fleet import write

GIB = 1024**2
NONE = Wishes()


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, SavedHost]:
    directory = tmp_path_factory.mktemp("fleet")
    write(6, directory, seed=1)
    hosts = [snapshot.read(path)[0] for path in sorted(directory.iterdir())]
    return {host.name: host for host in hosts}


def request(answers: Mapping[str, SavedHost], wishes: Wishes = NONE, **chosen: Any) -> Request:
    source, *destinations = answers
    asked = asked_for(source, source, Selection(**chosen), Method(), site=Site())
    return Request(source, tuple(destinations), asked, wishes)


def plan(answers: Mapping[str, SavedHost], wishes: Wishes = NONE, *closed: Closed, **chosen: Any) -> Planned:
    wanted = request(answers, wishes, **chosen)
    return planned(wanted, answers, rules_of(wanted.asked), closed)


def test_memory_is_sent_to_the_migration_address_of_each_host_that_has_one(answers: Mapping[str, SavedHost]) -> None:
    source, first, second, *_ = answers
    asked = request(answers).asked
    given = replace(request(answers), addresses={source: "10.9.0.1", first: "10.9.0.2"})
    found = planned(given, answers, rules_of(asked))
    assert {name: found.checks[name].report.migration.memory_to.host for name in (first, second)} == {
        first: "10.9.0.2",
        second: None,
    }
    assert dict(found.record.addresses) == {source: "10.9.0.1", first: "10.9.0.2"}
    for shown in text.text(found), text.of_record(found.record):
        assert f"memory       is sent to 10.9.0.2 for {first}, by the inventory" in " ".join(shown.split("\n"))
    assert given.asked_to(source).method.migrateuri == "tcp://10.9.0.1"  # the way home
    tunnelled = replace(given, asked=replace(asked, method=Method(mode=Mode.TUNNELLED)))
    assert tunnelled.asked_to(first).method.migrateuri is None


def test_a_record_keeps_the_addresses_for_whoever_continues_it(answers: Mapping[str, SavedHost]) -> None:
    source, first, *_ = answers
    given = replace(request(answers), addresses={first: "fd00::2"})
    record = planned(given, answers, rules_of(given.asked)).record
    again = EVACUATION.validate_json(record.model_dump_json())
    assert request_of(again, Wanted(), 1.0).asked_to(first).method.migrateuri == "tcp://[fd00::2]"
    assert request_of(again, Wanted(), 1.0).asked_to(source).method.migrateuri is None


def with_memory(host: SavedHost, kib: int) -> SavedHost:
    """Return a host that has so much memory available."""
    record = host.answers.records["memory"]
    lines = [
        f"/proc/meminfo:MemAvailable: {kib} kB" if ":MemAvailable:" in line else line
        for line in record.out.splitlines()
    ]
    records = {**host.answers.records, "memory": Record("\n".join(lines) + "\n", record.code, record.err)}
    return host._replace(answers=Answers(records, dict(host.answers.absent)))


def test_every_guest_has_a_place_or_a_reason(answers: Mapping[str, SavedHost]) -> None:
    found = plan(answers)
    record = found.record
    placed = [uuid for leg in record.planned for uuid in leg.guests]
    staying = [one.guest for one in record.staying]
    assert sorted((*placed, *staying)) == sorted(guest.uuid for guest in record.guests)
    assert placed
    assert all(leg.source == record.source.name for leg in record.planned)
    for move in found.answer.moves:
        checked = found.checks[move.destination]
        verdicts = {guest.name: guest.verdict.value for guest in checked.report.guests}
        assert verdicts[move.guest] == "ready"


def test_a_guest_goes_nowhere_if_no_way_is_ready_and_it_is_said_why(answers: Mapping[str, SavedHost]) -> None:
    source, *destinations = answers
    closed = [Closed(guest=None, destination=name, why=f"{name} is being repaired") for name in destinations]
    found = plan(answers, Wishes(), *closed)
    assert not found.answer.moves
    assert len(found.record.staying) == len(found.record.guests) > 0
    shown = text.text(found)
    assert f"{destinations[0]} is being repaired" in shown
    assert source in shown
    assert "at a time" not in shown


def test_a_way_can_be_closed_for_one_guest(answers: Mapping[str, SavedHost]) -> None:
    first = plan(answers)
    move = first.answer.moves[0]
    uuid = next(guest.uuid for guest in first.record.guests if guest.name == move.guest)
    again = plan(answers, Wishes(), Closed(guest=uuid, destination=move.destination, why="it did not arrive there"))
    assert next(one.destination for one in again.answer.moves if one.guest == move.guest) != move.destination
    weights = {one.name: one.weight for one in again.problem.destinations}
    assert weights.pop(move.destination) < min(weights.values()), (
        "a host at which a guest did not arrive is filled last"
    )


def test_memory_is_what_a_destination_has_left_but_for_the_reserve(answers: Mapping[str, SavedHost]) -> None:
    source, destination, *_ = answers
    two = {source: answers[source], destination: answers[destination]}
    free = {one.name: one.free_kib for one in plan(two).problem.destinations}
    assert free[destination] > 0
    reserved = plan(two, Wishes(reserve="10%")).problem.destinations[0]
    total = int(
        next(
            one for one in answers[destination].answers.records["memory"].out.splitlines() if "MemTotal" in one
        ).split()[1]
    )
    assert reserved.reserve_kib == total // 10
    assert plan(two, Wishes(reserve="8GiB")).problem.destinations[0].reserve_kib == 8 * GIB
    full = plan({source: answers[source], destination: with_memory(answers[destination], 0)})
    assert full.problem.destinations[0].free_kib == 0
    assert not full.answer.moves


def test_what_a_guest_lacks_is_named_with_what_would_let_it_go(answers: Mapping[str, SavedHost]) -> None:
    source, *_ = answers
    ways = plan(answers).answer.moves
    assert ways
    destination = ways[0].destination
    guest = ways[0].guest
    two = {source: answers[source], destination: answers[destination]}
    total = sum(one.memory_kib for one in plan(two).problem.guests)
    found = plan(two, Wishes(reserve=f"{plan(two).problem.destinations[0].free_kib // 1024}MiB"))
    stay = next(one for one in found.answer.stays if one.guest == guest)
    assert [one.constraint for one in stay.obstacles] == [Constraint.MEMORY]
    assert total > 0
    assert destination in stay.reliefs[0].text


def test_the_guests_are_those_that_run_unless_others_are_asked_for(answers: Mapping[str, SavedHost]) -> None:
    running = {guest.name for guest in plan(answers).record.guests}
    every = {guest.name for guest in plan(answers, as_they_are=True).record.guests}
    assert running <= every
    some = min(running)
    assert some not in {guest.name for guest in plan(answers, left_out=(some,)).record.guests}


def test_a_wish_about_a_guest_that_does_not_exist_is_refused_and_later_left_out(
    answers: Mapping[str, SavedHost],
) -> None:
    some = plan(answers).record.guests[0].name
    wishes = Wishes(apart=((some, "nobody"),), together=((some, "nobody"),))
    with pytest.raises(UserError, match=r"--keep-apart .*,nobody: there is no guest nobody"):
        plan(answers, wishes)
    wanted = replace(request(answers, wishes), again=True)
    assert planned(wanted, answers, rules_of(wanted.asked)).problem.apart == ()


def test_a_destination_that_is_down_takes_nobody_and_is_not_in_the_record(answers: Mapping[str, SavedHost]) -> None:
    source, down, *others = answers
    gone = answers[down]._replace(answers=Answers({}, {"": f"login to {down} failed: No route to host"}))
    found = plan({**answers, down: gone})
    assert down not in {move.destination for move in found.answer.moves}
    assert [host.name for host in found.record.destinations] == others
    assert found.record.source.name == source


def test_a_source_that_is_down_is_refused(answers: Mapping[str, SavedHost]) -> None:
    source, *_ = answers
    gone = answers[source]._replace(answers=Answers({}, {"": f"login to {source} failed: No route to host"}))
    with pytest.raises(Refused, match="No route to host"):
        plan({**answers, source: gone})


def test_the_duration_is_known_with_a_rate_and_the_window_is_compared(answers: Mapping[str, SavedHost]) -> None:
    unknown = plan(answers, Wishes(window=3600.0))
    assert "not known: no driver reports" in text.text(unknown)
    assert "give it by --link" in text.text(unknown)
    assert (plan(answers).in_time, unknown.in_time) == (True, None)
    quick = plan(answers, Wishes(link=1000.0, window=3600.0))
    assert quick.in_time
    assert "window       60 min: long enough" in text.text(quick)
    slow = plan(answers, Wishes(link=1.0, window=1.0))
    assert slow.in_time is False
    assert "window       1 s: TOO SHORT, 0 of" in text.text(slow)


@pytest.mark.parametrize(
    ("typed", "wanted"), [("10%", (10, 0)), ("8GiB", (None, 8 * GIB)), ("512M", (None, 512 * 1024))]
)
def test_a_reserve_is_a_percentage_or_an_amount(typed: str, wanted: tuple[int | None, int]) -> None:
    assert parsed_reserve(typed) == wanted


@pytest.mark.parametrize("typed", ["", "10", "100%", "-1%", "8TB", "1.5GiB", "a%"])
def test_what_is_neither_is_refused(typed: str) -> None:
    with pytest.raises(UserError, match="--reserve-memory: "):
        parsed_reserve(typed)


@pytest.mark.parametrize("typed", ["", "a", "a,", ",", "a,a"])
def test_a_group_has_two_guests(typed: str) -> None:
    with pytest.raises(UserError, match="--keep-apart: "):
        parsed_group("--keep-apart", typed)


def names(legs: Sequence[Any]) -> list[str]:
    return [leg.destination for leg in legs]


def test_a_plan_in_a_file_is_shown_as_far_as_the_file_says_it(answers: Mapping[str, SavedHost]) -> None:
    found = plan(answers, Wishes(link=1000.0))
    shown = text.of_record(found.record)
    for destination in names(found.record.planned):
        assert destination in shown
    for guest in found.record.guests:
        assert guest.name in shown
    assert "duration" in shown


def test_a_guest_that_is_gone_keeps_no_other_from_being_planned_anew(answers: Mapping[str, SavedHost]) -> None:
    gone = "99999999-9999-4999-8999-999999999999"
    there = [guest.uuid for guest in plan(answers).record.guests]
    wanted = replace(request(answers, guests=(gone, *there), as_they_are=True), again=True)
    found = planned(wanted, answers, rules_of(wanted.asked))
    assert {guest.uuid for guest in found.record.guests} == set(there)
    assert "does not have it any more" in {one.guest: one.why for one in found.record.staying}[gone]


def test_guests_of_which_none_is_left_are_not_planned_anew(answers: Mapping[str, SavedHost]) -> None:
    gone = ("99999999-9999-4999-8999-999999999999",)
    wanted = replace(request(answers, guests=gone, as_they_are=True), again=True)
    with pytest.raises(Refused, match="does not have the guests that are left"):
        planned(wanted, answers, rules_of(wanted.asked))
    with pytest.raises(UserError, match="has no guest"):
        planned(replace(wanted, again=False), answers, rules_of(wanted.asked))


def with_devices(host: SavedHost, xml: str) -> SavedHost:
    """Return a host whose guests have this in their definitions."""
    record = host.answers.records["libvirt.domains"]
    told = record.out.replace("</domain>", xml.replace('"', '\\"') + "</domain>")
    records = {**host.answers.records, "libvirt.domains": Record(told, record.code, record.err)}
    return host._replace(answers=Answers(records, dict(host.answers.absent)))


@pytest.mark.parametrize(
    ("xml", "why"),
    [
        ('<numatune><memory nodeset="x-y"/></numatune>', "what it needs is not known: 'x-y' is not a list of numbers"),
        (
            '<memoryBacking><hugepages><page size="2048" unit="furlong"/></hugepages></memoryBacking>',
            "what it needs is not known: its XML has an invalid size: 2048 furlong",
        ),
    ],
)
def test_a_guest_of_which_it_is_not_known_what_it_needs_stays(
    answers: Mapping[str, SavedHost], xml: str, why: str
) -> None:
    source, *_ = answers
    found = plan({**answers, source: with_devices(answers[source], xml)})
    assert not found.answer.moves
    assert {guest.uuid for guest in found.record.guests} == {one.guest for one in found.record.staying}
    assert why in text.text(found)


def test_reasons_without_end_are_cut_and_refuse_nothing(answers: Mapping[str, SavedHost]) -> None:
    _, *destinations = answers
    closed = [Closed(guest=None, destination=name, why="no" * 4000) for name in destinations]
    found = plan(answers, NONE, *closed)
    assert all(len(one.why) <= 8192 for one in found.record.staying)
    assert len(found.record.staying) == len(found.record.guests)
