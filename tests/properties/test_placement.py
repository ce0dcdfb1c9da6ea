"""Placements of any small problem, judged by tests/evacuations, which share no code with the planner."""

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.placement.answer import Answer
from preflight.placement.check import breaches
from preflight.placement.place import place
from preflight.placement.problem import Problem
from tests.evacuations.constraints import broken, broken_by
from tests.evacuations.explained import wrong_reliefs
from tests.evacuations.replay import Replay

HOSTS = ("kvm02", "kvm03", "kvm04")
NAMES = tuple("abcde")
#: Guests that are on a destination already.
OLD = ("old2", "old3")

SMALL = st.integers(0, 6)
GUESTS = st.fixed_dictionaries({
    "active": st.sampled_from((True, True, True, False)),
    "memory_kib": SMALL.map(lambda gib: gib * 1024**2),
    "huge_kib": st.sampled_from(({}, {}, {"2048": 4096}, {"2048": 3000, "1048576": 1048576})),
    "touched_kib": st.none() | st.integers(0, 8 * 1024**2),
    "dirty_kib": st.none() | st.integers(0, 900_000),
    "vcpus": st.integers(1, 4),
    "disk_bytes": st.sampled_from((0, 0, 10**9)),
    "weight": st.integers(1, 3),
    "ways": st.fixed_dictionaries({name: st.sampled_from(([], [], [], ["refused"])) for name in HOSTS}),
})  # fmt: skip
ENDS = {
    "link": st.sampled_from((112.0, 1120.0, 4482.0)),
    "width": st.sampled_from((None, None, 0, 1, 2)),
    "spacing": st.sampled_from((0.0, 0.0, 1.5)),
}
DESTINATIONS = st.fixed_dictionaries({
    **ENDS,
    "free_kib": st.integers(0, 14).map(lambda gib: gib * 1024**2),
    "reserve_kib": st.sampled_from((0, 1024**2)),
    "free_pages": st.sampled_from(({}, {"2048": 2}, {"2048": 4, "1048576": 1})),
    "cpus": st.integers(1, 4),
    "vcpus": st.integers(0, 3),
    "overcommit": st.sampled_from((None, 1.0, 2.5)),
    "ports": st.sampled_from((None, 0, 1, 3)),
    "disk_bytes": st.sampled_from((None, 10**9)),
})  # fmt: skip


def groups(how: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return groups of guests, of which some are on a destination already."""
    names = st.lists(st.sampled_from((*NAMES, *OLD)), min_size=2, max_size=4, unique=True)
    return st.lists(names.map(lambda one: {"guests": one, "text": f"--keep-{how} {','.join(one)}"}), max_size=2)


@st.composite
def problems(draw: st.DrawFn) -> dict[str, Any]:
    """Return a problem as JSON, with all five guests, so that every group is of guests that are."""
    hosts = [draw(DESTINATIONS) | {"name": name, "guests": []} for name in HOSTS]
    for host, old in zip(hosts, OLD, strict=False):
        host["guests"] = [old]
    return {
        "source": {"name": "kvm01"} | draw(st.fixed_dictionaries(ENDS)),
        "destinations": hosts,
        "guests": [draw(GUESTS) | {"name": name} for name in NAMES],
        "apart": draw(groups("apart")),
        "together": draw(groups("together")),
        "pins": draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(HOSTS), max_size=1)),
        "ports_each": draw(st.sampled_from((1, 2))),
        "window": draw(st.none() | st.floats(0, 60)),
    }


def answered(asked: dict[str, Any], *, exact: bool) -> tuple[Answer, dict[str, Any]]:
    """Return the answer, and as JSON."""
    answer = place(msgspec.json.decode(msgspec.json.encode(asked), type=Problem), exact=exact)
    return answer, msgspec.json.decode(msgspec.json.encode(answer))


@pytest.mark.parametrize("exact", [True, False], ids=["highs", "first fit"])
@given(asked=problems())
def test_no_answer_breaks_a_constraint_and_each_relief_lets_a_guest_go(exact: bool, asked: dict[str, Any]) -> None:
    _, said = answered(asked, exact=exact)
    assert [*broken_by(asked, said)] == []
    assert [*wrong_reliefs(asked, said)] == []


@given(problems())
def test_as_much_weight_leaves_as_any_placement_lets_leave(asked: dict[str, Any]) -> None:
    answer, said = answered(asked, exact=True)
    weights = {guest["name"]: guest["weight"] for guest in asked["guests"]}
    most = max(
        sum(weights[name] for name in to)
        for to in map(_without_stays, itertools.product((None, *HOSTS), repeat=len(NAMES)))
        if not any(broken(asked, to))
    )
    assert sum(weights[move["guest"]] for move in said["moves"]) == most
    assert answer.most_leave


@given(problems())
def test_the_replay_takes_as_long_as_predicted_and_no_less_than_the_least(asked: dict[str, Any]) -> None:
    answer, said = answered(asked, exact=True)
    assert answer.seconds is not None
    assert answer.least is not None
    assert answer.seconds >= answer.least * (1 - 1e-6)
    if all(move["converges"] for move in said["moves"]):
        assert Replay(asked, said).seconds() == pytest.approx(answer.seconds, rel=0.05, abs=0.5)


@given(problems(), st.data())
def test_the_planner_s_check_sees_what_the_judge_sees(asked: dict[str, Any], data: st.DataObject) -> None:
    problem = msgspec.json.decode(msgspec.json.encode(asked), type=Problem)
    answer, said = answered(asked, exact=False)
    for move in said["moves"]:
        move["destination"] = data.draw(st.sampled_from(HOSTS))
    to = {move["guest"]: move["destination"] for move in said["moves"]}
    moved = msgspec.json.decode(msgspec.json.encode(said), type=Answer)
    if any(broken(asked, to)):
        assert any(breaches(problem, moved))
    assert not any(breaches(problem, answer))


def _without_stays(places: tuple[str | None, ...]) -> dict[str, str]:
    return {name: to for name, to in zip(NAMES, places, strict=True) if to is not None}
