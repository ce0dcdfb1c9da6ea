"""The order of an evacuation and its widths: those with which it takes the least time."""

import math
from collections import deque
from collections.abc import Iterator, Sequence

from preflight.capacity.precopy import STREAM
from preflight.placement.deadline import Deadline
from preflight.placement.model import Model
from preflight.placement.schedule import Course, Leg, Widths, converges, run

#: A wider course is not worth the risk if it saves less than this share of the time.
GAIN = 0.005
#: Widths of the source that are tried, up to its limit.
TRIED = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48, 64)
#: Widths of every destination that are tried, and the lanes beyond those that its link needs.
ALIKE, BEYOND = (1, 2, 3, 4, 8), (0, 1, 2)
#: The part of a stream that a link may be faster than whole streams without one more.
_SLACK = 0.1


def best_course(
    model: Model, legs: Sequence[Leg], deadline: Deadline, *, good: float = 0.0, near: Widths | None = None
) -> tuple[Course, Widths]:
    """Return the quickest course of these legs, and its widths; of those that are as quick, the narrowest.

    Tries all widths, or those near to some that are known to be good, until one takes at most `good` seconds.
    """
    tried: list[tuple[Course, Widths]] = []
    best = math.inf
    for order in orders(model, legs):
        for widths in _tried(model, order, near):
            if best <= good or (deadline.over and best < math.inf):
                break
            tried.append((run(model, order, widths, best * (1 + GAIN)), widths))
            best = min(best, tried[-1][0].seconds)
    tried.sort(key=lambda one: (one[1].all, sum(one[1].each)))
    return next(one for one in tried if one[0].seconds <= best * (1 + GAIN))


def orders(model: Model, legs: Sequence[Leg]) -> Iterator[list[Leg]]:
    """Yield the orders that are tried: the longest first, and if starts are spaced long and short ones by turns.

    While long ones run, nothing starts, and of short ones at the end, none may start before the one before it has left.
    """
    ordered = longest_first(model, legs)
    yield ordered
    if model.problem.source.spacing or any(one.spacing for one in model.problem.destinations):
        yield _by_turns(model, legs)


def _by_turns(model: Model, legs: Sequence[Leg]) -> list[Leg]:
    """Return the legs so that any part of them takes about as long as any other, the extremes first."""
    waiting = deque(sorted(legs, key=lambda leg: (-alone(model, leg), leg.guest)))
    each = sum(alone(model, leg) for leg in legs) / max(1, len(legs))
    order: list[Leg] = []
    ahead = 0.0
    while waiting:
        order.append(waiting.popleft() if ahead <= 0 else waiting.pop())
        ahead += alone(model, order[-1]) - each
    return order


def longest_first(model: Model, legs: Sequence[Leg]) -> list[Leg]:
    """Return the legs, the longest to each destination first, and that destination first which has most before it."""
    left: dict[int, float] = {}
    before: list[tuple[float, Leg]] = []
    for leg in sorted(legs, key=lambda one: (alone(model, one), one.guest)):
        left[leg.to] = left.get(leg.to, 0.0) + alone(model, leg)
        before.append((left[leg.to], leg))
    return [leg for _, leg in sorted(before, key=lambda one: (-one[0], one[1].to, one[1].guest))]


def alone(model: Model, leg: Leg) -> float:
    """Return the seconds of a leg that has the links for itself; 0 if it does not converge."""
    speed = model.speed(model.work_numbers[leg.guest], model.alone[leg.to])
    return model.works[leg.guest].seconds + 1 / speed if speed else 0.0


def _tried(model: Model, legs: Sequence[Leg], near: Widths | None) -> Iterator[Widths]:
    """Yield the widths that are tried, first those that should fill the links; one of them is 1 unless others are near.

    With one at a time, all end that converge at all.
    """
    number = sum(converges(model, leg) for leg in legs)
    full = math.ceil(model.links.source / STREAM) + 1
    for each in _lanes(model, legs, near):
        most = max(1, min(model.width, number, sum(each)))
        least, greatest = (1, most) if near is None else (near.all // 2, near.all * 2)
        widths = dict.fromkeys(min(width, most) for width in TRIED if least <= width <= greatest)
        for width in sorted(widths, key=lambda one: (abs(one - full), one)):
            yield Widths(width, tuple(min(one, width) for one in each))


def _lanes(model: Model, legs: Sequence[Leg], near: Widths | None) -> Iterator[tuple[int, ...]]:
    """Yield the most at once to each destination that are tried, each once; 0 for one that no guest goes to."""
    number = [sum(leg.to == to for leg in legs) for to in range(len(model.widths))]
    needed = [max(1, math.ceil(min(speed, model.links.source) / STREAM - _SLACK)) for speed in model.speeds]
    wanted = [[one + more for one in needed] for more in BEYOND] + [[lanes] * len(needed) for lanes in ALIKE]
    if near is not None:
        wanted = [[one or need for one, need in zip(near.each, needed, strict=True)]]
    yield from dict.fromkeys(tuple(map(min, one, model.widths, number)) for one in wanted)
