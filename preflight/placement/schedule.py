"""The course of an evacuation: who starts when, and ends when, on links that are shared. No clock: time is computed.

Each destination takes its guests in their order, as many at once as its width, and the source sends as many as its
own; the one that comes first in the order of all starts first. The streams of a link share it equally at every moment,
so a guest's migration gets faster when others end. How far a migration has come is a share of the data that it would
send at the present rate.
"""

import math
from collections import deque
from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from msgspec import Struct

from preflight.placement.model import Model

#: Seconds that count as none.
_INSTANT = 1e-9


class Leg(Struct, frozen=True):
    """A guest and its destination, by their numbers."""

    guest: int
    to: int


class Widths(Struct, frozen=True):
    """Most migrations at once: of the source, and of each destination by its number."""

    all: int
    each: tuple[int, ...]


class Course(Struct, frozen=True):
    """The predicted start and end of each leg, in their order, and the seconds until all that converge have ended.

    A guest that does not converge starts after all others; neither start nor end is predicted.
    """

    legs: tuple[Leg, ...]
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    seconds: float


class _Running(Struct):
    """A migration that runs: seconds until it sends data, then the share of the data that is left."""

    place: int
    #: The numbers of its work and of its destination.
    work: int
    to: int
    quiet: float
    left: float
    #: The present rate, and the share of the data that goes in a second at it.
    rate: float = 0.0
    speed: float = 0.0

    @property
    def until_next(self) -> float:
        """Return the seconds until it sends, or until it has ended."""
        if self.quiet > 0:
            return self.quiet
        return self.left / self.speed if self.speed else math.inf


class _Run:
    """One run through time."""

    def __init__(self, model: Model, legs: Sequence[Leg], widths: Widths, limit: float) -> None:
        self.model, self.legs, self.widths, self.limit = model, legs, widths, limit
        self.now = 0.0
        self.running: list[_Running] = []
        self.starts = [math.inf] * len(legs)
        self.ends = [math.inf] * len(legs)
        self.waiting: dict[int, deque[int]] = {}
        for place, leg in enumerate(legs):
            self.waiting.setdefault(leg.to, deque()).append(place)
        #: The destinations with a lane that is free and a guest that waits, by the place of that guest.
        self.free = [(queue[0], to) for to, queue in self.waiting.items() if widths.each[to] > 0]
        heapify(self.free)
        self.busy = [0] * len(widths.each)
        #: The number of streams to each destination that send data.
        self.streams = [0] * len(widths.each)
        self.next_of_all = 0.0
        self.next_of = [0.0] * len(widths.each)

    def go(self) -> float:
        """Run until all have ended and return the time then; infinite if nothing moves, or beyond the limit."""
        while True:
            wakes = self._start() if self.free and len(self.running) < self.widths.all else math.inf
            if not self.running and wakes == math.inf:
                return self.now
            step = min([one.until_next for one in self.running], default=math.inf)
            step = min(step, wakes - self.now)
            if self.now + step > self.limit or step == math.inf:
                return math.inf
            self._advance(step)

    def _start(self) -> float:
        """Start what can start now, and return when the next can that only waits for its time."""
        wakes, later = math.inf, []
        while self.free and len(self.running) < self.widths.all:
            place, to = heappop(self.free)
            at = max(self.next_of_all, self.next_of[to])
            if at > self.now + _INSTANT:
                wakes = min(wakes, at)
                later.append((place, to))
            else:
                self._begin(to)
        for one in later:
            heappush(self.free, one)
        return wakes

    def _begin(self, to: int) -> None:
        queue = self.waiting[to]
        place = queue.popleft()
        problem, work = self.model.problem, self.model.work_numbers[self.legs[place].guest]
        self.busy[to] += 1
        self.starts[place] = self.now
        self.next_of_all = self.now + problem.source.spacing
        self.next_of[to] = self.now + problem.destinations[to].spacing
        like = self.model.works[self.legs[place].guest]
        self.running.append(_Running(place, work, to, like.seconds, 1.0 if like.sends else 0.0))
        if queue and self.busy[to] < self.widths.each[to]:
            heappush(self.free, (queue[0], to))

    def _advance(self, step: float) -> None:
        self.now += step
        changed = False
        for one in self.running:
            if one.quiet > 0:
                one.quiet -= step
                if one.quiet <= _INSTANT:
                    one.quiet = 0.0
                    changed |= one.left > 0
                    self.streams[one.to] += one.left > 0
            else:
                one.left -= one.speed * step
                if one.left <= _INSTANT:
                    one.left = 0.0
                    changed = True
                    self.streams[one.to] -= 1
            if not one.quiet and not one.left:
                self._end(one)
        self.running = [one for one in self.running if one.quiet or one.left]
        if changed:
            self._share()

    def _end(self, one: _Running) -> None:
        self.ends[one.place] = self.now
        queue = self.waiting[one.to]
        if queue and self.busy[one.to] == self.widths.each[one.to]:
            heappush(self.free, (queue[0], one.to))
        self.busy[one.to] -= 1

    def _share(self) -> None:
        rates = self.model.rates(tuple(self.streams))
        for one in self.running:
            if not one.quiet and one.rate != rates[one.to]:
                one.rate = rates[one.to]
                one.speed = self.model.speed(one.work, one.rate)


def converges(model: Model, leg: Leg) -> bool:
    """Report whether the guest converges if it has the links to this destination for itself."""
    return model.speed(model.work_numbers[leg.guest], model.alone[leg.to]) > 0


def run(model: Model, legs: Sequence[Leg], widths: Widths, limit: float = math.inf) -> Course:
    """Return the course of these legs, which start in this order; those that do not converge are its last.

    It is given up, and takes infinite seconds, where it takes more than the limit.
    """
    finite = [leg for leg in legs if converges(model, leg)]
    endless = [leg for leg in legs if not converges(model, leg)]
    one = _Run(model, finite, widths, limit)
    seconds = one.go()
    never = [math.inf] * len(endless)
    return Course((*finite, *endless), (*one.starts, *never), (*one.ends, *never), seconds)
