"""The plain solver: first fit decreasing, then repairs for what found no room, then moves and swaps that save time.

Deterministic unless the time is over: it counts its attempts, not seconds.
"""

from collections.abc import Callable, Iterator

from preflight.placement.deadline import Deadline
from preflight.placement.improve import balanced, improved
from preflight.placement.load import STAYS, Assignment
from preflight.placement.model import Model

#: Most attempts at a repair.
REPAIRS = 20_000

#: How good a destination is for a bundle: the least is best.
Preference = Callable[[Assignment, int, int], tuple[float, ...]]


def first_fit(model: Model, deadline: Deadline) -> Assignment:
    """Return the best assignment that this solver finds: most weight leaves, then it takes least time, then balance."""
    found = [repaired(_filled(model, preference), deadline) for preference in (soonest, _fullest)]
    best = max(found, key=lambda one: (one.weight, -one.least_in_all()))
    return balanced(improved(best, deadline), deadline)


def _filled(model: Model, preference: Preference) -> Assignment:
    found = Assignment(model)
    for number in _largest_first(model):
        put_best(found, number, preference)
    return found


def put_best(found: Assignment, number: int, preference: Preference) -> bool:
    """Let a bundle that stays go to the destination that is preferred; report whether there is one with room."""
    open_to = [to for to in found.model.bundles[number].allowed if found.takes(number, to)]
    if open_to:
        found.put(number, min(open_to, key=lambda to: preference(found, number, to)))
    return bool(open_to)


def _largest_first(model: Model) -> list[int]:
    """Return the bundles, those first that take the greatest share of what there is, or have the least choice."""
    whole = [max(1, sum(rooms[one] for rooms in model.rooms)) for one in range(len(model.resources))]

    def key(number: int) -> tuple[float, ...]:
        bundle = model.bundles[number]
        size = max((need / there for need, there in zip(bundle.needs, whole, strict=True)), default=0.0)
        return (-size, len(bundle.allowed), -max(bundle.seconds, default=0.0), number)

    return sorted(range(len(model.bundles)), key=key)


def soonest(found: Assignment, number: int, to: int) -> tuple[float, ...]:
    """Prefer the destination where it arrives first, so that all are filled alike."""
    sent = found.sent[to] + found.model.bundles[number].sent[to]
    return (sent / found.model.speeds[to], found.fullness(to), to)


def _fullest(found: Assignment, _number: int, to: int) -> tuple[float, ...]:
    """Prefer the destination with the least room, so that those with more keep it for larger guests."""
    return (-found.fullness(to), to)


def repaired(found: Assignment, deadline: Deadline) -> Assignment:
    """Let others make room for what found none."""
    attempts = REPAIRS
    for number in _largest_first(found.model):
        if found.to[number] != STAYS or put_best(found, number, soonest):
            continue
        for place, other in _ways_to_make_room(found, number):
            attempts -= 1
            if attempts < 0 or deadline.over:
                return found
            if _exchanged(found, number, place, other):
                break
    return found


def _ways_to_make_room(found: Assignment, number: int) -> Iterator[tuple[int, int]]:
    """Yield destinations for a bundle, each with one that is there and could leave it."""
    for to in found.model.bundles[number].allowed:
        yield from ((to, other) for other, there in enumerate(found.to) if there == to)


def _exchanged(found: Assignment, number: int, to: int, other: int) -> bool:
    """Put a bundle in the place of another, if that fits elsewhere or weighs less; report whether it is done."""
    bundles = found.model.bundles
    found.take(other)
    if found.takes(number, to):
        found.put(number, to)
        if put_best(found, other, soonest) or bundles[other].weight < bundles[number].weight:
            return True
        found.take(number)
    found.put(other, to)
    return False
