"""Moves and swaps that make an assignment quicker or more even. Counts attempts, so that its time is bounded."""

import math
from collections.abc import Callable, Iterator

from preflight.placement.deadline import Deadline
from preflight.placement.load import STAYS, Assignment

#: Most bundles that are tried.
IMPROVEMENTS = 20_000
#: A change that saves less than this share is none.
_LESS = 1 - 1e-6
#: The share of the time that balance may cost.
_COST = 1e-6


def improved(found: Assignment, deadline: Deadline) -> Assignment:
    """Move bundles off the destination that takes longest, or exchange them with others, while that saves time."""
    attempts = IMPROVEMENTS
    while attempts > 0 and not deadline.over:
        slowest = max(range(len(found.model.widths)), key=found.least, default=STAYS)
        if slowest == STAYS or found.least(slowest) < found.least_in_all():
            break  # the source takes longer
        for number in _there(found, slowest):
            attempts -= len(found.to)
            if _relocated(found, number, found.least) or _swapped(found, number, found.least):
                break
        else:
            break
    return found


def balanced(found: Assignment, deadline: Deadline) -> Assignment:
    """Move bundles off the fullest destination while that makes none as full, and costs no time."""
    attempts = IMPROVEMENTS // 10
    limit = found.least_in_all() * (1 + _COST)
    slower = range(len(found.model.widths))

    def cost(to: int) -> float:
        return found.fullness(to) if found.least(to) <= limit else math.inf

    while attempts > 0 and not deadline.over and found.least_in_all() <= limit:
        fullest = max(slower, key=cost, default=STAYS)
        for number in _there(found, fullest):
            attempts -= len(found.model.widths)
            if _relocated(found, number, cost, within=limit):
                break
        else:
            break
    return found


def _there(found: Assignment, place: int) -> list[int]:
    """Return the bundles that go to a destination, the largest first."""
    there = [number for number, to in enumerate(found.to) if to == place != STAYS]
    return sorted(there, key=lambda number: -found.model.bundles[number].seconds[place])


def _relocated(found: Assignment, number: int, cost: Callable[[int], float], *, within: float = math.inf) -> bool:
    """Move a bundle to where the costlier of both ends costs least, and less than now; report whether it is done."""
    away, best = found.to[number], (cost(found.to[number]) * _LESS, found.to[number])
    found.take(number)
    for to in found.model.bundles[number].allowed:
        if to != away and found.takes(number, to):
            found.put(number, to)
            if found.least_in_all() <= within:
                best = min(best, (max(cost(to), cost(away)), to))
            found.take(number)
    found.put(number, best[1])
    return best[1] != away


def _swapped(found: Assignment, number: int, cost: Callable[[int], float]) -> bool:
    """Exchange a bundle with the first one by which the costlier of both ends costs less; report whether it is done."""
    away, before = found.to[number], cost(found.to[number]) * _LESS
    bundles = found.model.bundles
    found.take(number)
    for other, to in enumerate(found.to):
        if to in (STAYS, away) or away not in bundles[other].allowed or to not in bundles[number].allowed:
            continue
        if bundles[other].seconds[to] >= bundles[number].seconds[away]:
            continue
        found.take(other)
        if found.takes(number, to):
            found.put(number, to)
            if found.takes(other, away):
                found.put(other, away)
                if max(cost(to), cost(away)) < before:
                    return True
                found.take(other)
            found.take(number)
        found.put(other, to)
    found.put(number, away)
    return False


def takes_instead(found: Assignment, number: int, to: int) -> Iterator[Assignment]:
    """Yield copies in which a bundle goes to another destination: alone, and in exchange for a smaller one there."""
    bundles, away = found.model.bundles, found.to[number]
    if to not in bundles[number].allowed:
        return
    without = found.copy()
    without.take(number)
    if without.takes(number, to):
        moved = without.copy()
        moved.put(number, to)
        yield moved
    tried = set()
    for other, place in enumerate(found.to):
        kind = bundles[other].kind
        if place != to or kind in tried or away not in bundles[other].allowed:
            continue
        if bundles[other].seconds[to] >= bundles[number].seconds[away]:
            continue
        tried.add(kind)
        changed = without.copy()
        changed.take(other)
        if changed.takes(number, to):
            changed.put(number, to)
            if changed.takes(other, away):
                changed.put(other, away)
                yield changed
