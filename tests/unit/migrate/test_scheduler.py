"""How many guests move at a time, how far apart they start, and what memory is promised to those under way."""

import itertools
import threading
import time
from pathlib import Path

from msgspec.structs import replace

from preflight.migrate import scheduler
from preflight.migrate.outcome import Result
from preflight.migrate.run import Ended
from preflight.migrate.scheduler import Lanes
from tests.fakes.hypervisor import Disk
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


def moved(pair: Pair) -> dict[str, Ended]:
    shell: None = None
    return Lanes(pair.run, shell, shell).move(pair.plan.guests, canary=False, known={})  # type: ignore[arg-type] # no shell is asked of guests that run


def test_guests_start_at_least_so_far_apart(tmp_path: Path) -> None:
    pair = three(tmp_path, spacing=0.3)
    times: list[float] = []
    pair.source.migrations.at["begin"] = lambda: times.append(time.monotonic())
    ended = moved(pair)
    assert {one.result for one in ended.values()} == {Result.ARRIVED}
    # a thread that is late to its start makes the next gap shorter: only where none is kept are all of them short
    assert times[-1] - times[0] >= 0.45
    assert all(later - before >= 0.1 for before, later in itertools.pairwise(times))


def test_memory_that_is_promised_to_guests_under_way_is_not_promised_twice(tmp_path: Path) -> None:
    """The destination has 100 MiB left and says so all the time: a second of 64 MiB does not fit beside the first."""
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
