"""Why a guest stays, and what would let it go."""

from typing import Any

import pytest

from preflight.placement.answer import Constraint, Stay
from preflight.placement.place import place
from preflight.placement.problem import Group, Problem, Source
from tests.unit.placement.problems import GIB, guest, host, problem, stay


def only_stay(asked: Problem) -> Stay:
    """Return why the one guest stays that does."""
    (found,) = place(asked).stays
    return found


def test_the_reasons_against_each_way_are_said() -> None:
    ways = {"kvm02": ("the CPU model is not supported",), "kvm03": ()}
    found = only_stay(problem(guest("a", ways=ways), to=(host("kvm02"),)))
    assert found.why == "kvm02: the CPU model is not supported"
    assert found.reliefs[0].text == "the way to kvm02 READY"


def test_a_way_that_was_not_judged_is_not_used() -> None:
    assert only_stay(problem(guest("a", to=()), to=(host("kvm02"),))).why == "kvm02: the way was not judged"


def test_the_memory_that_is_lacking_is_said_the_least_first() -> None:
    found = only_stay(problem(guest("a", 16), to=(host("kvm02", 4), host("kvm03", 12.5))))
    assert found.why == (
        "kvm02: needs 16 GiB of memory, only 4 GiB free; kvm03: needs 16 GiB of memory, only 12.5 GiB free"
    )
    assert [one.text for one in found.reliefs] == ["3.5 GiB more memory on kvm03", "12 GiB more memory on kvm02"]
    (change,) = found.reliefs[0].changes
    assert (change.constraint, change.needs, change.left) == (Constraint.MEMORY, 16 * GIB, int(12.5 * GIB))


def test_what_others_take_is_told_from_what_was_never_there() -> None:
    found = only_stay(problem(guest("a", 16, weight=2), guest("b", 8), to=(host("kvm02", 20),)))
    assert found.why == "kvm02: needs 8 GiB of memory, only 4 GiB left"


def test_a_reserve_that_would_be_enough_is_named() -> None:
    found = only_stay(problem(guest("a", 8), to=(host("kvm02", 9, reserve_kib=2 * GIB),)))
    assert found.reliefs[0].text == "1 GiB more memory on kvm02 (of the reserve of 2 GiB of memory)"


def test_a_ratio_that_would_be_enough_is_named() -> None:
    found = only_stay(problem(guest("a", vcpus=8), to=(host("kvm02", cpus=4, overcommit=1.5),)))
    assert found.reliefs[0].text == "2 more vCPUs on kvm02 (a ratio of 2.00)"


def test_all_that_is_lacking_on_one_destination_is_said_together() -> None:
    pages = guest("a", 2, huge_kib={2048: 2 * GIB}, disk_bytes=2**31)
    found = only_stay(problem(pages, to=(host("kvm02", 1, disk_bytes=2**30, free_pages={2048: 1023}),)))
    assert found.reliefs[0].text == (
        "1 GiB more disk space on kvm02 and 1 more huge page of 2 MiB on kvm02 and 1 GiB more memory on kvm02"
    )


@pytest.mark.parametrize(
    ("other", "constraint", "why"),
    [
        ({"width": 0, "width_because": "max_workers"}, Constraint.WIDTH, "it can take no guest, by max_workers"),
        ({"ports": 1}, Constraint.PORTS, "needs 2 free ports, only 1 free"),
    ],
)
def test_a_destination_that_takes_no_migration_says_by_which_limit(
    other: dict[str, Any], constraint: Constraint, why: str
) -> None:
    found = only_stay(problem(guest("a"), to=(host("kvm02", **other),), ports_each=2))
    assert [one.constraint for one in found.obstacles] == [constraint]
    assert found.why == f"kvm02: {why}"


def test_a_source_that_sends_nothing_keeps_all() -> None:
    source = Source(name="kvm01", link=1000.0, width=0, width_because="max_workers")
    found = only_stay(problem(guest("a"), source=source))
    assert found.why == "kvm01 can send no guest, by max_workers"
    assert found.reliefs[0].text == "max_workers on kvm01 that allows a migration"


def test_a_group_in_the_way_is_named_as_it_was_asked_for() -> None:
    apart = Group(guests=("db1", "db2"), text="--keep-apart db1,db2")
    found = only_stay(problem(guest("db1", weight=2), guest("db2"), to=(host("kvm02"),), apart=(apart,)))
    assert found.why == "kvm02: db1 goes there (--keep-apart db1,db2)"
    assert found.reliefs[0].text == "without --keep-apart db1,db2"


def test_a_guest_that_must_stay_with_another_could_go_without_it() -> None:
    pair = Group(guests=("web", "cache"), text="--keep-together web,cache")
    cache = guest("cache", ways={"kvm02": ("a disk is not shared",)})
    answer = place(problem(guest("web"), cache, to=(host("kvm02"),), together=(pair,)))
    assert [one.text for one in stay(answer, "web").reliefs] == [
        "without --keep-together web,cache",
        "the way to kvm02 READY",
    ]
    assert Constraint.TOGETHER in {one.constraint for one in stay(answer, "web").obstacles}


def test_guests_that_are_to_be_apart_and_together_stay() -> None:
    names = ("a", "b")
    groups = [Group(guests=names, text=f"--keep-{how} a,b") for how in ("apart", "together")]
    answer = place(problem(guest("a"), guest("b"), apart=(groups[0],), together=(groups[1],)))
    assert {one.text for one in stay(answer, "a").reliefs} >= {
        "without --keep-together a,b",
        "without --keep-apart a,b",
    }


def test_a_pin_that_is_in_the_way_is_named() -> None:
    ways = {"kvm02": ("the machine type is missing",), "kvm03": ()}
    found = only_stay(problem(guest("a", ways=ways), pins={"a": "kvm02"}))
    assert found.reliefs[0].text == "a free to go to kvm03"


def test_one_line_names_a_few_destinations_and_counts_the_others() -> None:
    hosts = tuple(host(f"kvm0{number}", 1) for number in range(2, 8))
    found = only_stay(problem(guest("a", to=tuple(one.name for one in hosts)), to=hosts))
    assert found.why.endswith("; and 3 more")
    assert len(found.obstacles) == 6
