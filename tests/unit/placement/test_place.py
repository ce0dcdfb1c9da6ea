"""Who goes where: what a destination can take, groups, pins, and what is unusual about guests and links."""

from typing import Any

import pytest
from msgspec.structs import replace

from preflight.errors import UserError
from preflight.placement.place import place
from preflight.placement.problem import Group, Source
from tests.unit.placement.problems import GIB, guest, host, problem, stay, where

BOTH = pytest.mark.parametrize("exact", [True, False], ids=["highs", "first fit"])


def test_without_guests_nothing_is_to_be_done() -> None:
    answer = place(problem())
    assert (answer.moves, answer.stays, answer.seconds, answer.most_leave) == ((), (), 0.0, True)


def test_without_destinations_all_stay() -> None:
    asked = replace(problem(guest("a")), destinations=())
    assert stay(place(asked), "a").why == "there is no destination"


@BOTH
def test_each_guest_goes_where_there_is_room(exact: bool) -> None:
    asked = problem(guest("large", 48), guest("small", 8), to=(host("kvm02", 10), host("kvm03", 50)))
    assert where(place(asked, exact=exact)) == {"large": "kvm03", "small": "kvm02"}


@BOTH
def test_the_first_that_fits_makes_room_for_one_that_fits_nowhere_else(exact: bool) -> None:
    asked = problem(guest("a", 8), guest("b", 8, to=("kvm02",)), to=(host("kvm02", 9), host("kvm03", 9)))
    assert where(place(asked, exact=exact)) == {"a": "kvm03", "b": "kvm02"}


@BOTH
def test_what_is_reserved_stays_free(exact: bool) -> None:
    asked = problem(guest("a", 8), to=(host("kvm02", 9, reserve_kib=2 * GIB),))
    assert place(asked, exact=exact).moves == ()


@BOTH
def test_huge_pages_are_counted_by_their_size(exact: bool) -> None:
    pages = guest("a", 0, huge_kib={2048: 3 * GIB})
    asked = problem(pages, to=(host("kvm02", free_pages={GIB: 64}), host("kvm03", free_pages={2048: 1536})))
    assert where(place(asked, exact=exact)) == {"a": "kvm03"}


@BOTH
def test_no_more_vcpus_arrive_than_the_ratio_allows(exact: bool) -> None:
    asked = problem(
        *(guest(f"g{number}", vcpus=4) for number in range(3)),
        to=(host("kvm02", cpus=4, vcpus=2, overcommit=1.5), host("kvm03", cpus=2, overcommit=2.0)),
    )
    answer = place(asked, exact=exact)
    assert sorted(where(answer).values()) == ["kvm02", "kvm03"]


@BOTH
def test_as_much_weight_leaves_as_can(exact: bool) -> None:
    asked = problem(guest("heavy", 8, weight=5), *(guest(f"g{n}", 4) for n in range(2)), to=(host("kvm02", 8),))
    assert where(place(asked, exact=exact)) == {"heavy": "kvm02"}


@BOTH
def test_guests_that_are_to_be_apart_are_apart_also_from_those_that_are_there(exact: bool) -> None:
    apart = Group(guests=("db1", "db2", "db3"), text="--keep-apart db1,db2,db3")
    asked = problem(guest("db1"), guest("db2"), to=(host("kvm02", guests=("db3",)), host("kvm03")), apart=(apart,))
    answer = place(asked, exact=exact)
    assert list(where(answer).values()) == ["kvm03"]


@BOTH
def test_guests_that_are_to_be_together_go_together_or_not_at_all(exact: bool) -> None:
    pair = Group(guests=("web", "cache"), text="--keep-together web,cache")
    guests = guest("web", 6), guest("cache", 6)
    small = problem(*guests, to=(host("kvm02", 8), host("kvm03", 8)), together=(pair,))
    assert where(place(small, exact=exact)) == {}
    large = problem(*guests, to=(host("kvm02", 8), host("kvm03", 12)), together=(pair,))
    assert where(place(large, exact=exact)) == {"web": "kvm03", "cache": "kvm03"}


@BOTH
def test_a_guest_goes_to_the_one_that_it_is_to_be_with(exact: bool) -> None:
    pair = Group(guests=("web", "there"), text="--keep-together web,there")
    asked = problem(guest("web"), to=(host("kvm02"), host("kvm03", guests=("there",))), together=(pair,))
    assert where(place(asked, exact=exact)) == {"web": "kvm03"}


@BOTH
def test_a_pinned_guest_goes_where_it_is_pinned(exact: bool) -> None:
    asked = problem(guest("a"), guest("b"), pins={"a": "kvm03"})
    assert where(place(asked, exact=exact))["a"] == "kvm03"


def test_a_guest_that_is_off_needs_neither_memory_nor_a_port() -> None:
    asked = problem(guest("a", 4, active=False), to=(host("kvm02", 0, ports=0),))
    (move,) = place(asked).moves
    assert move.end == 0.5


def test_a_guest_that_never_converges_goes_last_and_is_named() -> None:
    asked = problem(guest("hot", 32, dirty_kib=2000 * 1024), guest("a"), guest("b"))
    answer = place(asked)
    assert answer.endless == ("hot",)
    last = answer.moves[-1]
    assert (last.guest, last.converges, last.start, last.end) == ("hot", False, None, None)
    assert answer.seconds is not None
    assert answer.seconds < 20


def test_without_a_speed_the_order_follows_the_data_and_no_time_is_said() -> None:
    asked = problem(guest("small", 1), guest("large", 8), source=Source(name="kvm01"), window=60.0)
    answer = place(asked)
    assert [move.guest for move in answer.moves] == ["large", "small"]
    assert (answer.seconds, answer.least, answer.fits, answer.moves[0].end) == (None, None, None, None)
    assert answer.unknown_links == ("kvm01",)
    assert not answer.optimal


def test_a_guest_whose_dirty_rate_was_not_measured_is_named() -> None:
    asked = problem(guest("a", dirty_kib=None), guest("b"), guest("off", active=False, dirty_kib=None))
    assert place(asked).unmeasured == ("a",)


def test_the_data_of_the_guests_is_shared_out_by_the_speed_of_the_links() -> None:
    guests = [guest(f"g{number:02}", 4) for number in range(12)]
    slow, fast = host("kvm02", link=100.0), host("kvm03", link=500.0)
    answer = place(problem(*guests, to=(slow, fast), source=Source(name="kvm01", link=10_000.0)))
    assert (len(answer.of("kvm02")), len(answer.of("kvm03"))) == (2, 10)
    assert answer.seconds == pytest.approx(83, abs=2)


def test_the_same_problem_has_the_same_answer() -> None:
    asked = problem(*(guest(f"g{number}", number % 5 + 1, weight=number % 2 + 1) for number in range(30)))
    assert place(asked) == place(asked)


def test_guests_on_many_destinations_are_balanced_where_that_costs_no_time() -> None:
    answer = place(problem(*(guest(f"g{number}", 4) for number in range(10))))
    assert len(answer.of("kvm02")) == len(answer.of("kvm03")) == 5


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"pins": {"a": "kvm09"}}, "kvm09, where a is to go, is not one of the destinations"),
        ({"pins": {"x": "kvm02"}}, "there is no guest x to be moved to kvm02"),
        ({"apart": (Group(guests=("a", "x"), text="--keep-apart a,x"),)}, "--keep-apart a,x: there is no guest x"),
        ({"to": (host("kvm02"), host("kvm02"))}, "destination kvm02 is listed twice"),
        ({"to": (host("kvm01"),)}, "kvm01 is the source and a destination"),
    ],
)
def test_names_that_are_not_unique_or_not_known_are_refused(other: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        place(problem(guest("a"), **other))
    with pytest.raises(UserError, match="guest a is listed twice"):
        place(problem(guest("a"), guest("a")))
