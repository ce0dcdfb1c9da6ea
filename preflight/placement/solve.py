"""Chooses the solver: HiGHS if it is installed and useful, and the plain one otherwise and to start with."""

import math

from msgspec import Struct

from preflight.placement.deadline import Deadline
from preflight.placement.exact import heaviest, quickest
from preflight.placement.first_fit import first_fit, repaired
from preflight.placement.improve import balanced
from preflight.placement.load import STAYS, Assignment
from preflight.placement.model import Model
from preflight.placement.program import Missing

#: The names of the solvers.
HIGHS, FIRST_FIT = "highs", "first fit"
#: The parts of the time that is left which HiGHS gets for its two steps; the rest is for the course.
_WEIGHT, _TIME = 0.6, 0.5


class Candidate(Struct, frozen=True):
    """An assignment and the solver that found it."""

    found: Assignment
    solver: str


class Solution(Struct, frozen=True):
    """Assignments with which the same weight leaves, and what is proven of all assignments."""

    candidates: tuple[Candidate, ...]
    #: True if no more weight can leave.
    most_leave: bool
    #: No assignment with which this weight leaves takes fewer seconds.
    least: float


def solve(model: Model, deadline: Deadline, *, exact: bool) -> Solution:
    """Solve the problem; if `exact`, with HiGHS where that is installed."""
    plain = first_fit(model, deadline)
    most = sum(bundle.weight for bundle in model.bundles if bundle.allowed)
    if exact:
        try:
            return _exactly(model, plain, most, deadline)
        except Missing:
            pass
    return Solution((Candidate(plain, FIRST_FIT),), plain.weight == most, simple_least(model, plain))


def _exactly(model: Model, plain: Assignment, most: int, deadline: Deadline) -> Solution:
    candidates = [Candidate(plain, FIRST_FIT)]
    bound = float(most)
    if plain.weight < most:
        step = heaviest(model, deadline.part(_WEIGHT))
        bound = min(bound, step.weight)
        if step.found is not None:
            candidates.append(Candidate(repaired(step.found, deadline), HIGHS))
    weight = max(one.found.weight for one in candidates)
    candidates = [one for one in candidates if one.found.weight == weight]
    good = min(one.found.least_in_all() for one in candidates)
    step = quickest(model, weight, deadline.part(_TIME), good)
    if step.found is not None and step.found.weight >= weight:
        candidates.append(Candidate(balanced(step.found, deadline), HIGHS))
        weight = step.found.weight
    candidates = [one for one in candidates if one.found.weight == weight]
    return Solution(tuple(candidates), weight > bound - 1 + 1e-6, step.least)


def simple_least(model: Model, found: Assignment) -> float:
    """Return seconds below which these guests cannot leave, wherever they go: what can be said without a program."""
    leaving = [bundle for bundle, to in zip(model.bundles, found.to, strict=True) if to != STAYS]
    hosts = range(len(model.widths))
    sent = sum(min(bundle.sent[to] for to in bundle.allowed) for bundle in leaving)
    seconds = [min(bundle.seconds[to] for to in bundle.allowed) for bundle in leaving]
    number = sum(min(bundle.number[to] for to in bundle.allowed) for bundle in leaving)
    longest = max((one for one, bundle in zip(seconds, leaving, strict=True) if len(bundle.guests) == 1), default=0.0)
    speed = min(model.links.source, math.fsum(model.speeds[to] for to in hosts) or math.inf)
    width = max(1, min(model.width, sum(model.widths)))
    last = model.problem.source.spacing * (number - 1) + model.shortest if number else 0.0
    return max(longest, sent / speed + model.first if sent else 0.0, sum(seconds) / width, last)
