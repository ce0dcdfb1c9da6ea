"""Changes to an assignment and its order that make the predicted course shorter, tried one after the other.

The solvers know of a course only what adds up: sums of data and of seconds. What is left, such as a long guest that is
alone at the end, or one that shares its link at a bad time, only a run through time shows.
"""

import math
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from preflight.placement.deadline import Deadline
from preflight.placement.first_fit import put_best, soonest
from preflight.placement.improve import improved, takes_instead
from preflight.placement.load import STAYS, Assignment
from preflight.placement.model import Model
from preflight.placement.ordering import best_course, orders
from preflight.placement.schedule import Course, Leg, Widths, run

#: Legs that are run through time in search of a better course, so that the search takes a second or two.
LEGS = 30_000
#: A change that saves less than this share is none, and a course this near to the least is good enough.
_LESS, _NEAR = 1 - 1e-4, 1.025


class Chosen(Struct, frozen=True):
    """An assignment, its course and its widths."""

    found: Assignment
    course: Course
    widths: Widths


def legs_of(found: Assignment) -> list[Leg]:
    """Return the legs of an assignment."""
    return [
        Leg(guest, to)
        for bundle, to in zip(found.model.bundles, found.to, strict=True)
        if to != STAYS
        for guest in bundle.guests
    ]


def polished(model: Model, found: Assignment, least: float, deadline: Deadline) -> Chosen:
    """Return the best course that is found for an assignment, and changes of it; at least `least` seconds long."""
    best = Chosen(found, *best_course(model, legs_of(found), deadline, good=least * _NEAR))
    search = _Search(model, best, least, deadline)
    search.narrow()
    search.relocate()
    search.retune()
    search.reorder()
    return filled(search.best, deadline)


def filled(best: Chosen, deadline: Deadline) -> Chosen:
    """Return it with what stays and has found room after all, since others have changed places."""
    found = best.found.copy()
    more = [number for number, to in enumerate(found.to) if to == STAYS and put_best(found, number, soonest)]
    return Chosen(found, *best_course(found.model, legs_of(found), deadline)) if more else best


class _Search:
    """A search for better courses, which ends once it has run enough legs."""

    def __init__(self, model: Model, best: Chosen, least: float, deadline: Deadline) -> None:
        self.model, self.best, self.least, self.deadline = model, best, least, deadline
        self.left = LEGS

    @property
    def over(self) -> bool:
        """Report whether nothing more is to be gained, or it has taken long enough."""
        return self.left <= 0 or self.deadline.over or self.best.course.seconds <= self.least * _NEAR

    def _better(self, found: Assignment, legs: Sequence[Leg], widths: Widths | None = None) -> bool:
        """Run a course, with the present widths or others; take it, and report that, if it is shorter."""
        self.left -= len(legs)
        widths = widths or self._widths(legs)
        course = run(self.model, legs, widths, self.best.course.seconds * _LESS)
        if course.seconds == math.inf:
            return False
        self.best = Chosen(found, course, widths)
        return True

    def _widths(self, legs: Sequence[Leg]) -> Widths:
        """Return the present widths, and some for a destination that had no guest."""
        now, used = self.best.widths, {leg.to for leg in legs}
        usual = max(1, min((one for one in now.each if one), default=1))
        each = ((one or min(usual, self.model.widths[to])) if to in used else 0 for to, one in enumerate(now.each))
        return Widths(now.all, tuple(each))

    def narrow(self) -> None:
        """Spread the bundles anew for as many lanes as the course has."""
        if self.over:
            return
        widths = self.best.widths
        lanes = tuple(one or most for one, most in zip(widths.each, self.model.widths, strict=True))
        narrower = self.best.found.copy(replace(self.model, width=widths.all, widths=lanes))
        found = improved(narrower, self.deadline).copy(self.model)
        other = Chosen(found, *best_course(self.model, legs_of(found), self.deadline, near=widths))
        self.best = min(self.best, other, key=lambda one: one.course.seconds)

    def relocate(self) -> None:
        """Move bundles of the destinations that end last elsewhere, or exchange them, while that saves time."""
        gained = True
        while gained and not self.over:
            gained = False
            for changed in self._changes():
                gained = any(self._better(changed, order) for order in orders(self.model, legs_of(changed)))
                if gained or self.over:
                    break
        if self.best.course.seconds < math.inf and self.left < LEGS:
            legs, widths = legs_of(self.best.found), self.best.widths
            again = Chosen(self.best.found, *best_course(self.model, legs, self.deadline, near=widths))
            self.best = min(self.best, again, key=lambda one: one.course.seconds)

    def _changes(self) -> Iterator[Assignment]:
        """Yield changes to the present assignment: those that relieve its last destination."""
        found = self.best.found
        ends = _ends(self.best.course)
        last = max(ends, key=lambda to: ends[to], default=STAYS)
        by_end = sorted(range(len(self.model.widths)), key=lambda to: ends.get(to, 0.0))
        for number in _by_size(self.model, found, last):
            for to in by_end:
                if to != last:
                    yield from takes_instead(found, number, to)

    def retune(self) -> None:
        """Widen and narrow the source and each destination by one, while that saves time."""
        gained = True
        while gained and not self.over:
            gained = False
            for widths in self._neighbours():
                gained = self._better(self.best.found, self.best.course.legs, widths)
                if gained or self.over:
                    break

    def _neighbours(self) -> Iterator[Widths]:
        now = self.best.widths
        for width in (now.all + 1, now.all - 1):
            if 0 < width <= self.model.width:
                yield Widths(width, tuple(min(one, width) for one in now.each))
        for to, one in enumerate(now.each):
            for lanes in (one + 1, one - 1):
                if one and 0 < lanes <= min(self.model.widths[to], now.all):
                    yield Widths(now.all, (*now.each[:to], lanes, *now.each[to + 1 :]))

    def reorder(self) -> None:
        """Let guests start sooner that end last, while that saves time."""
        gained = True
        while gained and not self.over:
            gained = False
            legs = self.best.course.legs
            late = sorted(range(len(legs)), key=lambda place: -self.best.course.ends[place])[: len(legs) // 4 + 2]
            for place in late:
                for sooner in _sooner(place):
                    order = [*legs[:sooner], legs[place], *legs[sooner:place], *legs[place + 1 :]]
                    gained = self._better(self.best.found, order)
                    if gained or self.over:
                        break
                if gained or self.over:
                    break


def _sooner(place: int) -> Iterator[int]:
    """Yield places ahead of one: first half of those before it, then all, and so on."""
    yield from dict.fromkeys(place * part // 4 for part in (0, 2, 1, 3) if place)


def _ends(course: Course) -> dict[int, float]:
    ends: dict[int, float] = {}
    for leg, end in zip(course.legs, course.ends, strict=True):
        if end < math.inf:
            ends[leg.to] = max(end, ends.get(leg.to, 0.0))
    return ends


def _by_size(model: Model, found: Assignment, place: int) -> list[int]:
    """Return bundles that go to a destination: one of each kind, from the middle to both ends."""
    kinds = {model.bundles[number].kind: number for number, to in enumerate(found.to) if to == place}
    sizes = sorted(kinds.values(), key=lambda number: model.bundles[number].seconds[place])
    middle = len(sizes) // 2
    return sorted(sizes, key=lambda number: abs(sizes.index(number) - middle))
