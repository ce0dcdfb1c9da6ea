"""The number of guests that move at a time, the time between starts, and the memory promised to those in progress."""

import itertools
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from preflight.migrate import scheduler, turns
from preflight.migrate.events import Event
from preflight.migrate.journal import JournalError
from preflight.migrate.lane import Lane
from preflight.migrate.observation import ABSENT, Place
from preflight.migrate.outcome import Result
from preflight.migrate.run import Ended
from preflight.migrate.scheduler import Lanes
from preflight.request.method import Method
from preflight.request.migration import HandOver, Mode
from preflight.schema.plan import PlannedGuest
from tests.fakes.hypervisor import Disk, NoStarter
from tests.unit.migrate.plans import altered, guest
from tests.unit.migrate.runs import Pair

NAMES = ("web", "db", "cache")


def three(directory: Path, *, width: int = 3, spacing: float = 0.0, mib: int = 64) -> Pair:
    """Three guests that run on the source, whose memory is sent until `Migrations.sends` is set."""
    pair = Pair(directory)
    uuids = [pair.web.uuid, "19522740-9b9c-476e-bb6d-379ee4f7650c", "35e0e235-24b5-4ebb-b045-831ff42ed34e"]
    guests = tuple(guest(name, uuid, mib=mib) for name, uuid in zip(NAMES, uuids, strict=True))
    for one in guests[1:]:
        pair.source.add(one.uuid, Disk())
    pair.plan = pair.run.plan = altered(pair.plan, guests=guests, width=width, spacing=spacing)
    return pair


def moved(pair: Pair, *, canary: bool = False) -> dict[str, Ended]:
    shell: None = None
    return Lanes(pair.run, shell, shell).move(pair.plan.guests, canary=canary, known={})  # type: ignore[arg-type] # no shell is asked of guests that run


def at_once(pair: Pair) -> list[tuple[int, int]]:
    """Count, at each beginning, how many guests have begun and how many of them have ended.

    The first gives the others time to begin; they wait until all have begun.
    """
    seen: list[tuple[int, int]] = []
    begun, ended = itertools.count(1), [0]
    another, others = threading.Event(), threading.Barrier(len(pair.plan.guests) - 1)

    def begin() -> None:
        number = next(begun)
        seen.append((number, ended[0]))
        if number == 1:
            another.wait(0.3)
        else:
            another.set()
            others.wait(10)

    def end() -> None:
        ended[0] += 1

    pair.source.migrations.at["begin"] = begin
    pair.source.migrations.at["end"] = end
    return seen


class Clock:
    """A clock that goes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 1000.0, list[float]()

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_guests_start_at_least_so_far_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair, clock = three(tmp_path, spacing=0.3), Clock()
    monkeypatch.setattr(turns, "time", clock)
    assert {one.result for one in moved(pair).values()} == {Result.ARRIVED}
    assert clock.slept == pytest.approx([0.0, 0.3, 0.3])


def test_runs_that_share_places_move_no_more_guests_at_a_time_than_those(tmp_path: Path) -> None:
    pair, places, under_way, most = three(tmp_path), threading.BoundedSemaphore(2), [0], [0]
    lock = threading.Lock()

    def begin() -> None:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        time.sleep(0.1)

    def end() -> None:
        with lock:
            under_way[0] -= 1

    pair.source.migrations.at |= {"begin": begin, "end": end}
    shell: None = None
    lanes = Lanes(pair.run, shell, shell, places=places)  # type: ignore[arg-type] # no shell is asked of guests that run
    ended = lanes.move(pair.plan.guests, canary=False, known={})
    assert {one.result for one in ended.values()} == {Result.ARRIVED}
    assert most == [2]


def test_memory_that_is_promised_to_guests_under_way_is_not_promised_twice(tmp_path: Path) -> None:
    """The destination always reports 100 MiB left: a second guest of 64 MiB does not fit in addition to the first."""
    pair = three(tmp_path, mib=64)
    lanes_before, scheduler.LOOK_AGAIN = scheduler.LOOK_AGAIN, 0.02
    under_way: list[int] = []
    lock = threading.Lock()
    most = 0

    def began() -> None:
        nonlocal most
        with lock:
            under_way.append(1)
            most = max(most, len(under_way))
        time.sleep(0.2)

    def over() -> None:
        with lock:
            under_way.pop()

    pair.run.room = lambda: 100 * 1024
    pair.source.migrations.at["prepare"] = began
    pair.source.migrations.at["end"] = over
    try:
        ended = moved(pair)
    finally:
        scheduler.LOOK_AGAIN = lanes_before
    assert {one.result for one in ended.values()} == {Result.ARRIVED}
    assert most == 1


def test_a_guest_that_does_not_fit_at_all_is_not_started(tmp_path: Path) -> None:
    pair = three(tmp_path)
    pair.run.room = lambda: 10 * 1024
    assert moved(pair) == {}
    assert pair.source.called == []


def test_a_guest_that_is_busy_stops_the_others_only_where_an_error_would(tmp_path: Path) -> None:
    for goes_on, arrived in ((True, 2), (False, 0)):
        pair = three(tmp_path, width=1)
        pair.source.domains[pair.web.uuid].job = {"type": 2, "operation": 5, "time_elapsed": 1000}
        pair.run.settings = replace(pair.run.settings, goes_on=goes_on)
        ended = moved(pair)
        assert [one.result for one in ended.values()] == [Result.ARRIVED] * arrived


def test_the_canary_goes_alone_and_the_others_together(tmp_path: Path) -> None:
    pair = three(tmp_path)
    seen = at_once(pair)
    assert len(moved(pair, canary=True)) == 3
    assert sorted(seen) == [(1, 0), (2, 1), (3, 1)], "the others begin once the canary has arrived, and all of them"


def test_without_a_canary_all_begin_together(tmp_path: Path) -> None:
    pair = three(tmp_path)
    all_have_begun = threading.Barrier(3)

    def begin() -> None:
        all_have_begun.wait(10)

    pair.source.migrations.at["begin"] = begin
    assert {one.result for one in moved(pair).values()} == {Result.ARRIVED}
    assert not all_have_begun.broken


def test_the_first_of_two_guests_is_a_canary_too(tmp_path: Path) -> None:
    pair = three(tmp_path)
    pair.plan = pair.run.plan = altered(pair.plan, guests=pair.plan.guests[:2])
    seen = at_once(pair)
    assert len(moved(pair, canary=True)) == 2
    assert seen == [(1, 0), (2, 1)]


def test_a_guest_that_waits_for_memory_is_not_begun_once_the_run_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "LOOK_AGAIN", 0.02)
    pair = three(tmp_path, width=2)
    waits = threading.Event()

    def tell(event: Event) -> None:
        pair.told.append(event)
        if event.kind == "waiting":
            pair.run.stopping.set()
            waits.set()

    pair.run.tell = tell

    def prepare() -> None:
        waits.wait(10)

    pair.run.room = lambda: 100 * 1024
    pair.source.migrations.at["prepare"] = prepare
    assert len(moved(pair)) == 1
    assert waits.is_set()


def test_no_guest_is_begun_once_the_canary_has_not_arrived(tmp_path: Path) -> None:
    pair = three(tmp_path)
    pair.source.migrations.fails = "prepare"
    ended = moved(pair, canary=True)
    assert [(one.guest.name, one.result) for one in ended.values()] == [("web", Result.STAYED)]
    said = [event.text for event in pair.told if event.kind == "stopping"]
    assert said == ["web did not arrive: no further guest is sent to host2.example.com"]


def test_the_others_go_on_after_one_that_did_not_arrive_where_that_is_asked_for(tmp_path: Path) -> None:
    pair = three(tmp_path)
    pair.run.settings = replace(pair.run.settings, goes_on=True)
    pair.source.migrations.fails = "prepare"
    ended = moved(pair, canary=True)
    assert sorted(one.guest.name for one in ended.values()) == sorted(NAMES)
    assert not pair.run.stopping.is_set()


def test_a_guest_that_does_not_fit_stops_the_others_only_where_an_error_would(tmp_path: Path) -> None:
    for goes_on in (False, True):
        pair = three(tmp_path, width=1)
        small = altered(pair.plan.guests[1], touched_kib=4 * 1024)
        pair.plan = pair.run.plan = altered(pair.plan, guests=(pair.plan.guests[0], small))
        pair.run.settings = replace(pair.run.settings, goes_on=goes_on)
        pair.run.room = lambda: 10 * 1024
        ended = moved(pair)
        assert [one.guest.name for one in ended.values()] == (["db"] if goes_on else [])
        notes = [(event.guest, event.text) for event in pair.told if event.kind == "note"]
        assert ("web", "not started: the destination has 10 MiB left, the guest needs 64 MiB") in notes
        assert pair.run.stopping.is_set() is not goes_on


def test_a_guest_that_just_fits_is_started(tmp_path: Path) -> None:
    pair = three(tmp_path, width=1)
    pair.run.room = lambda: 64 * 1024
    assert len(moved(pair)) == 3


def test_a_guest_that_waits_for_memory_says_so_once_and_asks_no_faster_than_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "LOOK_AGAIN", 0.05)
    pair = three(tmp_path, width=2)
    asked: list[float] = []

    def room() -> int:
        asked.append(time.monotonic())
        return 100 * 1024

    pair.run.room = room
    pair.source.migrations.at["prepare"] = lambda: time.sleep(0.3)
    assert len(moved(pair)) == 3
    waits = [event.guest for event in pair.told if event.kind == "waiting"]
    assert waits == ["db", "cache"], "each says it once, however often it looks"
    assert len(asked) <= 4 + (asked[-1] - asked[0]) / 0.05


def test_a_bug_while_a_guest_moves_loses_none_and_stops_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Ended:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(scheduler, "move", broken)
    pair = three(tmp_path, width=1)
    pair.run.handed_over.add(pair.web.uuid)
    ended = moved(pair)
    web = ended[pair.web.uuid]
    assert list(ended) == [pair.web.uuid]
    assert (web.result, web.why) == (Result.UNKNOWN, "a bug in preflight: ZeroDivisionError: division by zero")
    assert (web.source.place, web.destination.place) == (Place.RUNNING, Place.ABSENT)
    assert web.handed_over
    assert pair.run.stopping.is_set()


def test_a_bug_stops_the_others_even_where_they_would_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Ended:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(scheduler, "move", broken)
    pair = three(tmp_path, width=1)
    pair.run.settings = replace(pair.run.settings, goes_on=True)
    assert list(moved(pair)) == [pair.web.uuid]


class Recording(NoStarter):
    """The starter of a source on which it can, or cannot, be left."""

    def __init__(self, why: str | None = None) -> None:
        self.why, self.placed = why, 0

    def place(self) -> str | None:
        self.placed += 1
        return self.why


@pytest.mark.parametrize(
    ("method", "placed"),
    [
        (Method(), 0),
        (Method(mode=Mode.PEER_TO_PEER), 1),
        (Method(mode=Mode.TUNNELLED), 1),
        (Method(mode=Mode.PEER_TO_PEER, hand_over=HandOver.AT_ONCE), 0),
    ],
    ids=str,
)
def test_a_starter_is_left_on_the_source_where_a_migration_outlives_preflight_and_stays_paused(
    tmp_path: Path, method: Method, placed: int
) -> None:
    pair = three(tmp_path)
    pair.plan = pair.run.plan = altered(pair.plan, method=method)
    starter = pair.run.starter = Recording()
    assert len(moved(pair)) == 3
    assert starter.placed == placed
    assert [event.text for event in pair.told if event.kind == "note"] == []


def test_no_starter_is_left_for_guests_that_are_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def off(_run: object, one: PlannedGuest, *_: object, **_known: object) -> Ended:
        return Ended(guest=one, result=Result.ARRIVED, source=ABSENT, destination=ABSENT)

    monkeypatch.setattr(scheduler, "move_off", off)
    pair = three(tmp_path)
    guests = tuple(altered(one, active=False) for one in pair.plan.guests)
    pair.plan = pair.run.plan = altered(pair.plan, guests=guests, method=Method(mode=Mode.PEER_TO_PEER))
    starter = pair.run.starter = Recording()
    assert len(moved(pair)) == 3
    assert starter.placed == 0


def test_guests_move_also_where_no_starter_can_be_left_and_it_is_said(tmp_path: Path) -> None:
    pair = three(tmp_path)
    pair.plan = pair.run.plan = altered(pair.plan, method=Method(mode=Mode.PEER_TO_PEER))
    pair.run.starter = Recording("sudo: a password is required")
    assert len(moved(pair)) == 3
    notes = [(event.guest, event.text) for event in pair.told if event.kind == "note"]
    said = "guests that migrate when preflight dies stay paused on the destination until --resume"
    assert notes == [(None, f"{said}: sudo: a password is required")]


def test_the_logs_are_marked_before_a_guest_is_begun(tmp_path: Path) -> None:
    pair = three(tmp_path, width=1)
    seen: list[set[str]] = []
    pair.source.migrations.at["begin"] = lambda: seen.append(set(pair.run.log_marks))
    moved(pair)
    assert seen[0] == {one.uuid for one in pair.plan.guests}


def test_a_journal_that_cannot_be_written_stops_the_run_before_a_guest_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = three(tmp_path, width=1)

    def full(*_: object, **_told: object) -> None:
        raise JournalError("j: No space left on device")

    monkeypatch.setattr(pair.run.journal, "write", full)
    assert moved(pair) == {}
    assert "migrate" not in pair.source.called
    assert [event.text for event in pair.told if event.kind == "stopping"] == ["j: No space left on device"]


def test_a_busy_guest_is_named_with_the_reason(tmp_path: Path) -> None:
    pair = three(tmp_path, width=1)
    pair.source.domains[pair.web.uuid].job = {"type": 2, "operation": 5, "time_elapsed": 1000}
    moved(pair)
    notes = [(event.guest, event.text) for event in pair.told if event.kind == "note"]
    assert notes == [("web", notes[0][1])]
    assert notes[0][1].startswith("web is not started: ")


def test_the_connections_of_a_lane_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Lane] = []

    def close(lane: Lane) -> None:
        closed.append(lane)

    monkeypatch.setattr(Lane, "close", close)
    moved(three(tmp_path, width=2))
    assert len(closed) == 3, "both lanes, and that of the guests that are off"


def test_guests_that_are_off_follow_those_that_run_with_the_definitions_of_an_earlier_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves: list[tuple[str, str | None]] = []

    def off(_run: object, one: PlannedGuest, *_: object, known: str | None) -> Ended:
        moves.append((one.name, known))
        return Ended(guest=one, result=Result.ARRIVED, source=ABSENT, destination=ABSENT)

    monkeypatch.setattr(scheduler, "move_off", off)
    pair = three(tmp_path)
    *running, last = pair.plan.guests
    guests = (altered(last, active=False), *running)
    pair.plan = pair.run.plan = altered(pair.plan, guests=guests)
    shell: Any = None
    pair.source.migrations.at["end"] = lambda: moves.append(("one that runs", None))
    ended = Lanes(pair.run, shell, shell).move(guests, canary=False, known={last.uuid: "<domain/>"})
    assert len(ended) == 3
    assert moves == [("one that runs", None), ("one that runs", None), (last.name, "<domain/>")]
    pair.run.stopping.set()
    moves.clear()
    assert Lanes(pair.run, shell, shell).move(guests, canary=False, known={}) == {}
    assert moves == []
