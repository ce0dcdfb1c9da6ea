"""A problem in numbers, as both solvers take it: bundles of guests that go together, and what they take and cost."""

import math

from msgspec import Struct

from preflight.placement.bundles import Bundle, bundles_of
from preflight.placement.needs import Resource, lanes, needs, room
from preflight.placement.problem import Problem
from preflight.placement.work import Links, Work, duration, links_of, sent, work_of

#: A limit that does not bind.
UNLIMITED = 10**9


class Model(Struct, frozen=True):
    """The problem in numbers. Destinations and resources are numbered; a limit that is missing is `UNLIMITED`."""

    problem: Problem
    links: Links
    works: tuple[Work, ...]
    #: The number of each guest's work: the same for the same work.
    work_numbers: tuple[int, ...]
    resources: tuple[Resource, ...]
    bundles: tuple[Bundle, ...]
    #: What there is of each resource, by destination.
    rooms: tuple[tuple[int, ...], ...]
    #: Most migrations at once.
    width: int
    widths: tuple[int, ...]
    #: MiB/s of the links to the destinations, and of a stream to one that shares no link.
    speeds: tuple[float, ...]
    alone: tuple[float, ...]
    #: The least seconds before any guest sends data, and those of any migration.
    first: float
    shortest: float
    #: What was computed, for the next time.
    shared: dict[tuple[int, ...], tuple[float, ...]] = {}
    sends: dict[tuple[int, float], float] = {}

    def rates(self, streams: tuple[int, ...]) -> tuple[float, ...]:
        """Return the MiB/s of each stream to a destination, by the number of streams to each."""
        if streams not in self.shared:
            self.shared[streams] = self.links.shared(streams)
        return self.shared[streams]

    def speed(self, number: int, rate: float) -> float:
        """Return the share of its data that a migration with this work sends in a second; 0 if it does not converge."""
        if (number, rate) not in self.sends:
            work = next(work for work, one in zip(self.works, self.work_numbers, strict=True) if one == number)
            data = sent(work, rate)
            self.sends[number, rate] = rate / data if data else math.inf
        return self.sends[number, rate]


def model_of(problem: Problem) -> Model:
    """Return the problem in numbers."""
    links = links_of(problem)
    works = tuple(work_of(guest, timed=not links.unknown) for guest in problem.guests)
    resources = tuple(sorted({resource for guest in problem.guests for resource in needs(guest)}))
    rooms = tuple(
        tuple(UNLIMITED**2 if (there := room(one, resource)) is None else there for resource in resources)
        for one in problem.destinations
    )
    rates = tuple(links.alone(number) for number in range(len(problem.destinations)))
    widths = tuple(most_at_once(problem, number) for number in range(len(problem.destinations)))
    width = UNLIMITED if problem.source.width is None else problem.source.width
    first = min((work.seconds for work in works if work.sends), default=0.0)
    every = [duration(work, rate) for work in set(works) for rate in set(rates)]
    shortest = min(filter(math.isfinite, every), default=0.0)
    distinct = {work: number for number, work in enumerate(dict.fromkeys(works))}
    return Model(
        problem=problem,
        links=links,
        works=works,
        work_numbers=tuple(distinct[work] for work in works),
        resources=resources,
        bundles=tuple(bundles_of(problem, works, rates, resources, rooms)),
        rooms=rooms,
        width=width,
        widths=widths,
        speeds=links.to,
        alone=rates,
        first=first,
        shortest=shortest,
    )


def most_at_once(problem: Problem, number: int) -> int:
    """Return the most migrations at once to a destination: for guests that run, unless only others can go there."""
    destination = problem.destinations[number]
    running = lanes(destination, problem.ports_each, active=True)
    found = running if running != 0 else lanes(destination, problem.ports_each, active=False)
    return UNLIMITED if found is None else found
