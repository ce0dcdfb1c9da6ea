"""Guests that must go to the same destination as one: what they take, where they may go, and what that costs."""

import math
from collections.abc import Iterator, Sequence

from msgspec import Struct

from preflight.placement.needs import Resource, lanes, needs
from preflight.placement.problem import Guest, Problem
from preflight.placement.work import Work, duration, sent


class Bundle(Struct, frozen=True):
    """Guests that must go to the same destination, mostly one, by their numbers; all else by destination's number."""

    guests: tuple[int, ...]
    weight: int
    #: The amount of each resource.
    needs: tuple[int, ...]
    #: The destinations that it may go to.
    allowed: tuple[int, ...]
    #: The groups whose guests must be apart, by their numbers.
    apart: frozenset[int]
    #: The number of guests that converge there, and the MiB and the seconds that they take, each alone on the links.
    number: tuple[int, ...]
    sent: tuple[float, ...]
    seconds: tuple[float, ...]

    @property
    def kind(self) -> tuple[object, ...]:
        """Return all but which guests they are: bundles of the same kind can be exchanged."""
        return (
            len(self.guests),
            self.weight,
            self.needs,
            self.allowed,
            self.apart,
            self.number,
            self.sent,
            self.seconds,
        )


def bundles_of(
    problem: Problem,
    works: Sequence[Work],
    rates: Sequence[float],
    resources: Sequence[Resource],
    rooms: Sequence[Sequence[int]],
) -> Iterator[Bundle]:
    """Yield the bundles: `rates` and `rooms` are those of each destination, for a stream alone and by resource."""
    of_guests = [needs(guest) for guest in problem.guests]
    for members in _bundled(problem):
        taken = tuple(sum(of_guests[number].get(resource, 0) for number in members) for resource in resources)
        groups = [
            number for number, group in enumerate(problem.apart) for one in members if _in(problem, one, group.guests)
        ]
        fitting = tuple(one for one in _allowed(problem, members, groups) if all(map(int.__le__, taken, rooms[one])))
        yield Bundle(
            members,
            sum(problem.guests[number].weight for number in members),
            taken,
            fitting,
            frozenset(groups),
            tuple(sum(math.isfinite(sent(works[n], rate)) for n in members) for rate in rates),
            tuple(sum(_finite(sent(works[n], rate)) for n in members) for rate in rates),
            tuple(sum(_finite(duration(works[n], rate)) for n in members) for rate in rates),
        )


def can_begin(problem: Problem, guest: Guest, number: int) -> bool:
    """Report whether a migration of this guest can begin at all: both ends take one, and there is a port for it."""
    destination = problem.destinations[number]
    return problem.source.width != 0 and lanes(destination, problem.ports_each, active=guest.active) != 0


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _in(problem: Problem, number: int, names: Sequence[str]) -> bool:
    return problem.guests[number].name in names


def _allowed(problem: Problem, members: Sequence[int], groups: Sequence[int]) -> Iterator[int]:
    """Yield the destinations where nothing but room can be in the way."""
    if len(set(groups)) < len(groups):  # to be together, and apart
        return
    names = {problem.guests[number].name for number in members}
    leaving = {guest.name for guest in problem.guests}
    for number, one in enumerate(problem.destinations):
        there = set(one.guests) - leaving
        if any(there.intersection(problem.apart[group].guests) for group in groups):
            continue
        wanted = [group.guests for group in problem.together if names.intersection(group.guests)]
        if any(not there.issuperset(_elsewhere(problem, guests)) for guests in wanted):
            continue
        if all(
            problem.guests[member].is_ready(one.name)
            and problem.pins.get(problem.guests[member].name, one.name) == one.name
            and can_begin(problem, problem.guests[member], number)
            for member in members
        ):
            yield number


def _elsewhere(problem: Problem, names: Sequence[str]) -> set[str]:
    """Return the guests of these that are not on the source."""
    return set(names).difference(guest.name for guest in problem.guests)


def _bundled(problem: Problem) -> tuple[tuple[int, ...], ...]:
    """Return the guests that must be together, each guest once; groups that share a guest are one."""
    lead = list(range(len(problem.guests)))
    number_of = {guest.name: number for number, guest in enumerate(problem.guests)}
    for group in problem.together:
        members = [number_of[name] for name in group.guests if name in number_of]
        leads = {lead[one] for one in members}
        lead = [min(leads) if one in leads else one for one in lead]
    bundles: dict[int, list[int]] = {}
    for number, one in enumerate(lead):
        bundles.setdefault(one, []).append(number)
    return tuple(tuple(members) for members in bundles.values())
