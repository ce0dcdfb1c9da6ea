"""The course of an evacuation: links that are shared, widths, starts that are spaced, and what never ends."""

import math

import pytest

from preflight.capacity.precopy import Load, predict
from preflight.placement.model import model_of
from preflight.placement.problem import Problem, Source
from preflight.placement.schedule import Course, Leg, Widths, run
from preflight.placement.work import Links
from tests.unit.placement.problems import guest, host, problem


def course(asked: Problem, *to: int, all_: int = 9, each: int = 9, limit: float = math.inf) -> Course:
    """Run the guests in their order to these destinations."""
    legs = [Leg(number, one) for number, one in enumerate(to)]
    return run(model_of(asked), legs, Widths(all_, (each,) * len(asked.destinations)), limit)


def test_one_guest_takes_as_long_as_the_model_of_one_migration_says() -> None:
    asked = problem(guest("a", 8, touched_kib=6 * 1024**2, dirty_kib=200 * 1024))
    alone = predict(Load("a", 6 * 1024, 200.0, 2 * 1024), 1000.0)
    assert course(asked, 0).seconds == pytest.approx(alone.seconds)


def test_two_at_once_share_the_source_s_link_and_overlap_what_sends_nothing() -> None:
    asked = problem(guest("a"), guest("b"))
    quiet, sends = 0.55, 4.096
    assert course(asked, 0, 1).seconds == pytest.approx(quiet + 2 * sends, abs=0.01)
    assert course(asked, 0, 1, all_=1).seconds == pytest.approx(2 * (quiet + sends), abs=0.01)


def test_the_streams_to_one_destination_share_its_link() -> None:
    hosts = (host("kvm02", link=100.0), host("kvm03"))
    asked = problem(guest("a"), guest("b"), guest("c"), to=hosts, source=Source(name="kvm01", link=9000.0))
    found = course(asked, 0, 0, 1)
    assert found.ends == pytest.approx((0.55 + 81.92, 0.55 + 81.92, 0.55 + 4.096), abs=0.01)


def test_what_one_destination_cannot_take_others_get() -> None:
    links = Links(1000.0, (100.0, 2000.0, 2000.0))
    assert links.shared((2, 1, 0)) == (50.0, 900.0, 0.0)
    assert links.shared((1, 3, 1)) == (100.0, 225.0, 225.0)


def test_a_guest_gets_faster_when_others_end() -> None:
    found = course(problem(guest("a", 2), guest("b", 4)), 0, 1)
    assert found.ends == pytest.approx((0.55 + 4.096, 0.55 + 6.144), abs=0.01)


def test_a_destination_takes_its_guests_in_their_order_as_many_at_once_as_its_width() -> None:
    found = course(problem(guest("a"), guest("b"), guest("c")), 0, 0, 1, each=1)
    assert found.starts == pytest.approx((0.0, found.ends[0], 0.0))


def test_starts_are_as_far_apart_as_firewalls_want() -> None:
    spaced = host("kvm03", spacing=10.0)
    asked = problem(
        *(guest(name, 1) for name in "abcd"),
        to=(host("kvm02"), spaced),
        source=Source(name="kvm01", link=1000.0, spacing=2.0),
    )
    assert course(asked, 1, 1, 0, 0).starts == pytest.approx((0.0, 10.0, 2.0, 4.0))


def test_a_guest_that_does_not_converge_beside_others_waits_for_the_link() -> None:
    asked = problem(guest("hot", 8, dirty_kib=600 * 1024), guest("large", 32))
    beside = course(asked, 0, 1)
    assert beside.ends[0] > beside.ends[1]
    assert beside.seconds < math.inf


def test_guests_that_keep_one_another_from_converging_never_end() -> None:
    asked = problem(*(guest(name, 8, dirty_kib=600 * 1024) for name in "ab"))
    assert course(asked, 0, 1).seconds == math.inf
    assert course(asked, 0, 1, all_=1).seconds < math.inf


def test_a_course_beyond_the_limit_is_given_up() -> None:
    asked = problem(guest("a"), guest("b"))
    assert course(asked, 0, 1, limit=8.0).seconds == math.inf
    assert course(asked, 0, 1, limit=9.0).seconds < 9


def test_disks_that_are_copied_are_sent_too() -> None:
    asked = problem(guest("a", 1, disk_bytes=10 * 1000 * 2**20))
    assert course(asked, 0).seconds == pytest.approx(0.55 + 10 + 1.024, abs=0.01)
