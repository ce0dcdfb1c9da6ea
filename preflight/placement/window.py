"""The order for a window that is too short for all: first those who fit into it, so that the most leave in time."""

from collections.abc import Iterator, Sequence

from preflight.placement.deadline import Deadline
from preflight.placement.model import Model
from preflight.placement.ordering import alone, longest_first
from preflight.placement.polish import Chosen
from preflight.placement.schedule import Course, Leg, Widths, run


def for_window(model: Model, best: Chosen, deadline: Deadline) -> Chosen:
    """Return the course with which the most weight leaves within the window, if that is too short for all."""
    window = model.problem.window
    if window is None or best.course.seconds <= window:
        return best
    sooner = sorted(best.course.legs, key=lambda leg: (alone(model, leg) / _weight(model, leg), leg.guest))
    found = best
    for widths in _widths(best.widths):
        course = run(model, sooner, widths)
        for order in (sooner, *_later(model, course, window)):
            other = Chosen(best.found, run(model, order, widths), widths)
            found = max(found, other, key=lambda one: (_in_time(model, one.course, window), -one.course.seconds))
        if deadline.over:
            break
    return found


def _widths(now: Widths) -> Iterator[Widths]:
    """Yield the widths of the course, and narrower ones, with which the first end sooner."""
    for width in dict.fromkeys((now.all, now.all * 3 // 4, now.all // 2, now.all // 4, 1)):
        if width:
            yield Widths(width, tuple(min(one, width) for one in now.each))


def _later(model: Model, course: Course, window: float) -> Iterator[Sequence[Leg]]:
    """Yield orders in which those that do not fit follow the others, the longest first; and the others so too."""
    ended = list(zip(course.legs, course.ends, strict=True))
    fit = [leg for leg, end in ended if end <= window]
    rest = longest_first(model, [leg for leg, end in ended if end > window])
    yield [*fit, *rest]
    yield [*longest_first(model, fit), *rest]


def _weight(model: Model, leg: Leg) -> int:
    return model.problem.guests[leg.guest].weight


def _in_time(model: Model, course: Course, window: float) -> int:
    """Return the weight of the guests that have left by then."""
    return sum(_weight(model, leg) for leg, end in zip(course.legs, course.ends, strict=True) if end <= window)
