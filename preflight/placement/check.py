"""Checks an answer against its problem: one that breaks a constraint is a bug. Shares no code with the solvers.

Both sides read what a guest needs, and what there is, in `preflight.placement.needs`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from preflight.placement.answer import Answer, Move
from preflight.placement.needs import needs, room
from preflight.placement.problem import Destination, Guest, Problem

#: Seconds by which computed times may differ.
_ROUNDING = 1e-6


class Broken(AssertionError):
    """An answer breaks constraints of its problem."""

    def __init__(self, breaches: Sequence[str]) -> None:
        """Take what it breaks."""
        super().__init__("; ".join(breaches))
        self.breaches = tuple(breaches)


def breaches(problem: Problem, answer: Answer) -> Iterator[str]:
    """Yield each constraint of the problem that the answer breaks."""
    guests = {guest.name: guest for guest in problem.guests}
    named = Counter([*(move.guest for move in answer.moves), *(stay.guest for stay in answer.stays)])
    yield from (f"{name} is answered {named[name]} times" for name in guests if named[name] != 1)
    yield from (f"{name} is no guest" for name in named if name not in guests)
    hosts = {one.name: one for one in problem.destinations}
    to = {move.guest: move.destination for move in answer.moves}
    for move in answer.moves:
        if move.destination not in hosts:
            yield f"{move.guest} goes to {move.destination}, which is no destination"
        elif move.guest in guests:
            yield from _of_way(problem, guests[move.guest], move.destination)
    for one in problem.destinations:
        here = [move for move in answer.moves if move.destination == one.name and move.guest in guests]
        yield from _of_room(one, [guests[move.guest] for move in here])
        yield from _of_lanes(problem, one, here, answer)
    yield from _of_groups(problem, to)
    yield from _of_source(problem, answer)
    yield from (f"{stay.guest} stays for no reason" for stay in answer.stays if not stay.obstacles)


def _of_way(problem: Problem, guest: Guest, destination: str) -> Iterator[str]:
    if not guest.is_ready(destination):
        yield f"{guest.name} goes to {destination}, and the way is not READY"
    if problem.pins.get(guest.name, destination) != destination:
        yield f"{guest.name} goes to {destination}, and is pinned to {problem.pins[guest.name]}"


def _of_room(destination: Destination, there: Sequence[Guest]) -> Iterator[str]:
    taken: Counter[object] = Counter()
    for guest in there:
        for resource, amount in needs(guest).items():
            taken[resource] += amount
            limit = room(destination, resource)
            if limit is not None and taken[resource] > limit:
                yield f"{guest.name} finds no {resource.constraint} on {destination.name}"


def _of_lanes(problem: Problem, destination: Destination, here: Sequence[Move], answer: Answer) -> Iterator[str]:
    running = {guest.name for guest in problem.guests if guest.active}
    if [move.place for move in here] != list(range(1, len(here) + 1)):
        yield f"the places on {destination.name} are not in order"
    most = answer.widths.get(destination.name, 0)
    if here and most < 1:
        yield f"{destination.name} has no width"
    if destination.width is not None and most > destination.width:
        yield f"{destination.name} takes {most} at once, and may take {destination.width}"
    ports = problem.ports_each * min(most, sum(move.guest in running for move in here))
    if destination.ports is not None and ports > destination.ports:
        yield f"{destination.name} needs {ports} ports at once, and has {destination.ports}"
    yield from _of_times(destination.name, here, most, destination.spacing)


def _of_source(problem: Problem, answer: Answer) -> Iterator[str]:
    if problem.source.width is not None and answer.moves and answer.width > problem.source.width:
        yield f"{problem.source.name} sends {answer.width} at once, and may send {problem.source.width}"
    yield from _of_times(problem.source.name, answer.moves, answer.width, problem.source.spacing)


def _of_times(name: str, moves: Sequence[Move], most: int, spacing: float) -> Iterator[str]:
    times = [(move.start, move.end) for move in moves if move.start is not None and move.end is not None]
    starts = sorted(start for start, _ in times)
    if [start for start, _ in times] != starts:
        yield f"the starts at {name} are not in order"
    if any(later - sooner < spacing - _ROUNDING for sooner, later in pairwise(starts)):
        yield f"two start within {spacing} s at {name}"
    for start in starts:
        if sum(before <= start + _ROUNDING and end > start + _ROUNDING for before, end in times) > most:
            yield f"more than {most} run at once at {name}"
            return


def _of_groups(problem: Problem, to: dict[str, str]) -> Iterator[str]:
    leaving = {guest.name for guest in problem.guests}
    there = {name: one.name for one in problem.destinations for name in one.guests if name not in leaving}
    for group in problem.apart:
        moved = Counter([to[name] for name in group.guests if name in to])
        moved.update({there[name] for name in group.guests if name in there and there[name] in moved})
        yield from (f"{group.text}: two are on {host}" for host, number in moved.items() if number > 1)
    for group in problem.together:
        places = {to.get(name, there.get(name)) for name in group.guests}
        if any(name in to for name in group.guests) and len(places) > 1:
            yield f"{group.text}: they are not on one host"
