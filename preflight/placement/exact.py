"""The exact solver: the problem as two linear programs of whole numbers, first for the weight, then for the time.

Bundles of the same kind are one column for each destination, so that HiGHS does not try in how many ways equal guests
can be exchanged.
"""

import math
from collections.abc import Mapping
from functools import reduce

from msgspec import Struct

from preflight.placement.bundles import Bundle
from preflight.placement.deadline import Deadline
from preflight.placement.load import Assignment
from preflight.placement.model import UNLIMITED, Model
from preflight.placement.program import Program, Solved

#: The share by which a time may exceed the least before HiGHS stops.
CLOSE = 0.002


class Exact(Struct, frozen=True):
    """What is proven, and an assignment, unless none was found in time."""

    found: Assignment | None
    #: The most weight that can leave, and the least seconds.
    weight: float
    least: float


class _Kind(Struct, frozen=True):
    """Bundles that can be exchanged, by their numbers, and a column for each destination."""

    bundles: tuple[int, ...]
    like: Bundle
    columns: Mapping[int, int]


class _Columns:
    """The program's part that both steps share: who goes where, and what there is room for."""

    def __init__(self, model: Model) -> None:
        self.model, self.program = model, Program()
        kinds: dict[tuple[object, ...], list[int]] = {}
        for number, bundle in enumerate(model.bundles):
            if bundle.allowed:
                kinds.setdefault(bundle.kind, []).append(number)
        self.kinds = tuple(self._kind(numbers) for numbers in kinds.values())
        for kind in self.kinds:
            self.program.row(dict.fromkeys(kind.columns.values(), 1.0), most=len(kind.bundles))
        for to in range(len(model.widths)):
            self._limit(to)

    def _kind(self, numbers: list[int]) -> _Kind:
        like = self.model.bundles[numbers[0]]
        columns = {to: self.program.column(len(numbers), whole=True) for to in like.allowed}
        return _Kind(tuple(numbers), like, columns)

    def _limit(self, to: int) -> None:
        here = [(kind.columns[to], kind.like) for kind in self.kinds if to in kind.columns]
        for resource, room in enumerate(self.model.rooms[to]):
            taken = {column: like.needs[resource] for column, like in here if like.needs[resource]}
            if sum(taken.values()) and room < UNLIMITED**2:
                unit = reduce(math.gcd, taken.values())  # small numbers, so that rounding does not matter
                self.program.row({column: float(need // unit) for column, need in taken.items()}, most=room // unit)
        for group in range(len(self.model.problem.apart)):
            apart = {column: 1.0 for column, like in here if group in like.apart}
            if apart:
                self.program.row(apart, most=1.0)

    def weights(self) -> dict[int, float]:
        """Return the weight of each column."""
        return {column: float(kind.like.weight) for kind in self.kinds for column in kind.columns.values()}

    def assignment(self, solved: Solved) -> Assignment | None:
        """Return what was found; None if nothing was, or rounding broke it."""
        found = Assignment(self.model)
        for kind in self.kinds if solved.values else ():
            waiting = list(reversed(kind.bundles))
            for to, column in kind.columns.items():
                for _ in range(round(solved.values[column])):
                    if not found.takes(waiting[-1], to):
                        return None
                    found.put(waiting.pop(), to)
        return found if solved.values else None


def heaviest(model: Model, until: Deadline) -> Exact:
    """Return an assignment with which the most weight leaves; raises `Missing`."""
    columns = _Columns(model)
    for column, weight in columns.weights().items():
        columns.program.costs[column] = -weight
    solved = columns.program.solve(until)
    bound = -solved.bound if math.isfinite(solved.bound) else math.inf
    return Exact(columns.assignment(solved), bound, 0.0)


def quickest(model: Model, weight: int, until: Deadline, good: float) -> Exact:
    """Return an assignment with which this weight leaves in the least time.

    Looks for none if the linear program shows that one that takes `good` seconds is close to it. Raises `Missing`.
    """
    columns = _Columns(model)
    if columns.kinds:
        columns.program.row(columns.weights(), least=weight)
    _time(columns)
    relaxed = columns.program.solve(until, relaxed=True)
    least = max(0.0, relaxed.bound)
    if good <= least * (1 + CLOSE):
        return Exact(None, weight, least)
    solved = columns.program.solve(until, gap=CLOSE)
    return Exact(columns.assignment(solved), weight, max(least, solved.bound))


def _time(columns: _Columns) -> None:
    """Add the time, which is the program's cost, and the rows that it depends on."""
    model, program = columns.model, columns.program
    time = program.column(cost=1.0)
    cells = [(column, to, kind.like) for kind in columns.kinds for to, column in kind.columns.items()]
    source = model.problem.source

    def within(terms: Mapping[int, float], most: float = 0.0) -> None:
        if any(terms.values()):
            program.row({**terms, time: -1.0}, most=most)

    within({column: like.sent[to] / model.links.source for column, to, like in cells}, -model.first)
    within({column: like.seconds[to] / max(1, model.width) for column, to, like in cells})
    within({column: source.spacing * like.number[to] for column, to, like in cells}, source.spacing - model.shortest)
    for number, end in enumerate(model.problem.destinations):
        here = [(column, like) for column, to, like in cells if to == number]
        within({column: like.sent[number] / model.speeds[number] for column, like in here})
        within({column: like.seconds[number] / max(1, model.widths[number]) for column, like in here})
        within({column: end.spacing * like.number[number] for column, like in here}, end.spacing)
    for kind in columns.kinds:
        if len(kind.like.guests) == 1:
            each = 1 / len(kind.bundles)
            within({column: kind.like.seconds[to] * each for to, column in kind.columns.items()})
