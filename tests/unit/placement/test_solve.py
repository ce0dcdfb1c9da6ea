"""The solvers: HiGHS where it is installed, the plain one otherwise, and both within their time."""

import itertools
import math
import subprocess
import sys
import time

import msgspec
import pytest

from preflight.placement.deadline import Deadline
from preflight.placement.exact import heaviest, quickest
from preflight.placement.first_fit import first_fit
from preflight.placement.model import model_of
from preflight.placement.place import place
from preflight.placement.problem import Problem
from preflight.placement.program import Missing, Program
from preflight.placement.solve import FIRST_FIT
from tests.evacuations.generate import feasible, infeasible
from tests.unit.placement.problems import guest, host, problem

#: Guests that first fit decreasing cannot place, though all have room: 6+4, 5+3+2, 5+3+2.
SIZES = (6, 5, 5, 4, 3, 3, 2, 2)
TIGHT = problem(
    *(guest(f"g{number}", gib, to=("kvm02", "kvm03", "kvm04")) for number, gib in enumerate(SIZES)),
    to=tuple(host(name, 10) for name in ("kvm02", "kvm03", "kvm04")),
)


def test_highs_finds_what_the_plain_solver_may_not() -> None:
    answer = place(TIGHT)
    assert (len(answer.moves), answer.most_leave) == (8, True)
    assert len(place(TIGHT, exact=False).moves) >= 7


def test_without_highspy_the_plain_solver_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "highspy", None)
    answer = place(TIGHT)
    assert answer.solver == FIRST_FIT
    assert answer == place(TIGHT, exact=False)
    with pytest.raises(Missing):
        Program().solve(Deadline(1.0))


def test_highspy_is_loaded_only_to_solve() -> None:
    code = "import sys, preflight.placement.place; print('highspy' in sys.modules, 'numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]


def test_highs_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    place(TIGHT)
    assert capfd.readouterr() == ("", "")


def test_an_answer_without_time_is_as_sound() -> None:
    asked = msgspec.json.decode(msgspec.json.encode(feasible(6)), type=Problem)
    answer = place(asked, seconds=0.0)
    assert len(answer.moves) + len(answer.stays) == len(asked.guests)
    assert answer.seconds is not None


def test_highs_stops_when_the_time_is_over() -> None:
    asked = msgspec.json.decode(msgspec.json.encode(infeasible(0)[0]), type=Problem)
    seconds = itertools.count(step=0.5)
    began = time.process_time()
    found = heaviest(model_of(asked), Deadline(5.0, lambda: next(seconds)))
    assert time.process_time() - began < 2
    assert found.weight < math.inf


def test_what_is_proven_is_not_claimed_without_proof() -> None:
    one_large = problem(guest("a", 8), guest("b", 8), to=(host("kvm02", 8),))
    assert not place(one_large, exact=False).most_leave
    assert place(one_large).most_leave


def test_guests_that_are_alike_are_one_column_for_each_destination() -> None:
    alike = model_of(problem(*(guest(f"g{number:03}") for number in range(300)), to=(host("kvm02", 400),)))
    assert len({bundle.kind for bundle in alike.bundles}) == 1
    found = heaviest(alike, Deadline(5.0))
    assert found.found is not None
    assert (found.found.weight, found.weight) == (100, 100)


def test_no_assignment_takes_less_than_the_least() -> None:
    model = model_of(problem(*(guest(f"g{number}", number + 1) for number in range(9))))
    plain = first_fit(model, Deadline(5.0))
    found = quickest(model, plain.weight, Deadline(5.0), good=math.inf)
    assert found.found is not None
    assert found.least <= found.found.least_in_all() <= plain.least_in_all() * 1.002
