"""The check of an answer finds each constraint that is broken."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from preflight.placement import place as placing
from preflight.placement.answer import Answer, Move
from preflight.placement.check import Broken, breaches
from preflight.placement.place import place
from preflight.placement.problem import Group, Problem, Source
from tests.unit.placement.problems import GIB, guest, problem

ASKED = problem(
    guest("a", 8, vcpus=4, huge_kib={2048: GIB}, disk_bytes=2**30),
    guest("b", 8, vcpus=4),
    guest("c", 8, vcpus=4),
)
ANSWER = place(ASKED)


def with_hosts(**other: Any) -> Problem:
    """Return the problem with other destinations."""
    hosts = (replace(one, free_pages={2048: 512}, **other) for one in ASKED.destinations)
    return replace(ASKED, destinations=tuple(hosts))


@pytest.fixture(autouse=True)
def whole() -> None:
    assert not [*breaches(with_hosts(), moved_all())]


def moved_all() -> Answer:
    """Return an answer with which all go to one destination, one after the other."""
    moves = [
        Move(guest=name, destination="kvm02", place=place_, start=place_ * 9.0, end=place_ * 9.0 + 8)
        for place_, name in enumerate("abc", 1)
    ]
    return replace(ANSWER, moves=tuple(moves), stays=(), width=1, widths={"kvm02": 1})


SPLIT = Group(guests=("a", "b"), text="--keep-apart a,b")
PAIR = Group(guests=("a", "there"), text="--keep-together a,there")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (with_hosts(free_kib=20 * GIB), "c finds no memory on kvm02"),
        (with_hosts(reserve_kib=50 * GIB), "b finds no memory on kvm02"),
        (replace(with_hosts(), destinations=ASKED.destinations), "a finds no huge pages on kvm02"),
        (with_hosts(disk_bytes=5), "a finds no disk space on kvm02"),
        (with_hosts(cpus=8, overcommit=1.0), "c finds no CPUs on kvm02"),
        (with_hosts(width=0), "kvm02 takes 1 at once, and may take 0"),
        (with_hosts(ports=0), "kvm02 needs 1 ports at once, and has 0"),
        (with_hosts(spacing=10.0), "two start within 10.0 s at kvm02"),
        (replace(with_hosts(), source=Source(name="kvm01", width=0)), "kvm01 sends 1 at once, and may send 0"),
        (replace(with_hosts(), source=Source(name="kvm01", spacing=10.0)), "two start within 10.0 s at kvm01"),
        (replace(with_hosts(), pins={"a": "kvm03"}), "a goes to kvm02, and is pinned to kvm03"),
        (replace(with_hosts(), apart=(SPLIT,)), "--keep-apart a,b: two are on kvm02"),
        (replace(with_hosts(), together=(PAIR,)), "--keep-together a,there: they are not on one host"),
        (replace(with_hosts(), guests=ASKED.guests[:2]), "c is no guest"),
        (
            replace(with_hosts(), guests=(*ASKED.guests[:2], guest("c", to=("kvm03",)))),
            "c goes to kvm02, and the way is not READY",
        ),
        (replace(with_hosts(), guests=(*ASKED.guests, guest("d"))), "d is answered 0 times"),
    ],
)
def test_it_finds_what_an_answer_breaks(asked: Problem, said: str) -> None:
    assert said in [*breaches(asked, moved_all())]


def _at_once(answer: Answer) -> Answer:
    return replace(answer, moves=tuple(replace(move, start=0.0, end=9.0) for move in answer.moves))


def _other_order(answer: Answer) -> Answer:
    return replace(answer, moves=answer.moves[::-1])


def _to_nowhere(answer: Answer) -> Answer:
    return replace(answer, moves=(replace(answer.moves[0], destination="kvm09"), *answer.moves[1:]))


def _twice(answer: Answer) -> Answer:
    return replace(answer, moves=(*answer.moves, replace(answer.moves[0], place=4, start=99.0, end=100.0)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_at_once, "more than 1 run at once at kvm02"),
        (_at_once, "more than 1 run at once at kvm01"),
        (_other_order, "the places on kvm02 are not in order"),
        (_other_order, "the starts at kvm01 are not in order"),
        (_to_nowhere, "a goes to kvm09, which is no destination"),
        (_twice, "a is answered 2 times"),
    ],
)
def test_it_finds_what_is_wrong_with_an_answer(change: Callable[[Answer], Answer], said: str) -> None:
    assert said in [*breaches(with_hosts(), change(moved_all()))]


def test_a_broken_answer_is_never_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "breaches", lambda *_: ["a goes nowhere"])
    with pytest.raises(Broken, match="a goes nowhere"):
        place(ASKED)
