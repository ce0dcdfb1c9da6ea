"""Finds the placement: solves the problem, orders the legs, checks the answer, and explains who stays."""

import math

from preflight.errors import UserError
from preflight.placement.answer import CLOSE, Answer, Move
from preflight.placement.check import Broken, breaches
from preflight.placement.deadline import WALL, Clock, Deadline
from preflight.placement.explain import stays_of
from preflight.placement.model import Model, model_of
from preflight.placement.polish import Chosen, polished
from preflight.placement.problem import Problem
from preflight.placement.solve import Solution, solve
from preflight.placement.window import for_window

#: Default of the seconds that an answer may take.
LIMIT = 10.0
#: The part of them in which better answers are searched for: what is begun then ends, and the answer is checked.
_SEARCH = 0.7


def place(problem: Problem, *, seconds: float = LIMIT, exact: bool = True, clock: Clock = WALL) -> Answer:
    """Return who goes where, in which order, and who stays.

    With HiGHS if it is installed and the answer is to be `exact`. It stops in time for all to take `seconds` of that
    clock; unless it has to stop, the answer is the same each time. Raises `UserError` for names that are not unique or
    not known.
    """
    for wrong in problem.wrong():
        raise UserError(wrong)
    deadline = Deadline(seconds * _SEARCH, clock)
    model = model_of(problem)
    solution = solve(model, deadline, exact=exact)
    tried = [(polished(model, one.found, solution.least, deadline), one.solver) for one in solution.candidates]
    best, solver = min(tried, key=lambda one: one[0].course.seconds)
    if not model.links.unknown:
        best = for_window(model, best, deadline)
    answer = _answer(model, best, solver, solution)
    if broken := tuple(breaches(problem, answer)):
        raise Broken(broken)
    return answer


def _answer(model: Model, chosen: Chosen, solver: str, solution: Solution) -> Answer:
    course, widths = chosen.course, chosen.widths
    problem, known = model.problem, not model.links.unknown
    places: dict[int, int] = {}
    moves = []
    for leg, start, end in sorted(zip(course.legs, course.starts, course.ends, strict=True), key=lambda one: one[1]):
        places[leg.to] = places.get(leg.to, 0) + 1
        timed = known and math.isfinite(end)
        moves.append(
            Move(
                guest=problem.guests[leg.guest].name,
                destination=problem.destinations[leg.to].name,
                place=places[leg.to],
                start=start if timed else None,
                end=end if timed else None,
                converges=math.isfinite(end),
            )
        )
    in_window = None
    if problem.window is not None and known:
        in_window = tuple(move.guest for move in moves if move.end is not None and move.end <= problem.window)
    leaving = {move.guest for move in moves}
    return Answer(
        moves=tuple(moves),
        stays=stays_of(model, chosen.found),
        width=widths.all,
        widths={one.name: width for one, width in zip(problem.destinations, widths.each, strict=True) if width},
        seconds=course.seconds if known else None,
        least=solution.least if known else None,
        solver=solver,
        most_leave=solution.most_leave,
        optimal=solution.most_leave and known and course.seconds <= solution.least * (1 + CLOSE),
        in_window=in_window,
        unmeasured=tuple(g.name for g in problem.guests if g.name in leaving and g.active and g.dirty_kib is None),
        unknown_links=model.links.unknown,
    )
