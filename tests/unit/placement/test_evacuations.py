"""Some of the evacuations that `make evacuations` draws, judged by programs that share no code with the planner."""

import ast
from functools import cache
from pathlib import Path

import pytest

import tests.evacuations
from tests.evacuations import record
from tests.evacuations.judged import Judged, judge

#: Those of which the judge's own search takes no time.
SEEDS = (1, 4, 5, 8, 10, 14, 16, 18, 23, 28, 35, 40, 45, 55)
#: The only modules there that know the planner.
KNOW = {"judged.py", "record.py"}


@cache
def _judged(exact: bool) -> list[Judged]:
    return [judge(seed, exact=exact) for seed in SEEDS]


@pytest.fixture(params=[True, False], ids=["highs", "first fit"])
def judged(request: pytest.FixtureRequest) -> list[Judged]:
    return _judged(request.param)


def test_no_answer_breaks_a_constraint(judged: list[Judged]) -> None:
    assert [one.broken for one in judged] == [()] * len(SEEDS)


def test_what_is_said_to_let_a_guest_go_does(judged: list[Judged]) -> None:
    assert [one.reliefs for one in judged] == [()] * len(SEEDS)


def test_the_constraint_in_the_way_is_named(judged: list[Judged]) -> None:
    assert [one.seed for one in judged if one.planted and not (one.stays and one.named)] == []
    assert [one.claims for one in judged] == [()] * len(SEEDS)
    assert min(one.above for one in judged) > -1e-6


def test_with_highs_all_leave_that_can_and_hardly_later_than_the_bound() -> None:
    judged = _judged(exact=True)
    assert [one.seed for one in judged if one.stays and not one.planted] == []
    assert [one.seed for one in judged if not one.most] == []
    assert record.near(judged) >= record.SHARE


def test_the_replay_takes_as_long_as_predicted(judged: list[Judged]) -> None:
    assert [one.replayed for one in judged] == pytest.approx([one.seconds for one in judged], rel=0.01)


def test_what_was_recorded_is_as_it_must_be() -> None:
    found = record.read()
    assert [*record.faults(found.highs, exact=True), *record.faults(found.plain, exact=False)] == []
    assert len(found.highs) >= 200
    assert sum(bool(one.planted) for one in found.highs) >= 40


def test_the_judge_knows_nothing_of_the_planner() -> None:
    for path in Path(tests.evacuations.__file__).parent.glob("*.py"):
        imported = [
            node.module or "" for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)
        ]
        assert path.name in KNOW or not any(name.startswith("preflight") for name in imported), path.name
