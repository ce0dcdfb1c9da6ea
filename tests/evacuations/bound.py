"""The bounds: the most guests that can leave, and by the LP relaxation the least seconds. Imports nothing of preflight.

One column for each guest and destination, without any aggregation; solved by HiGHS.
"""

import math
from itertools import pairwise
from typing import Any

import highspy

from .constraints import may_go, room, use
from .generate import Json
from .precopy import alone, converges, data, quiet

#: Stands for all hosts together.
EVERY = -1

#: The least that a sum of columns may be, the factor of each column, and the most.
Row = tuple[float, dict[int, float], float]


class Cells:
    """The columns, and the rows that say who can be where."""

    def __init__(self, problem: Json) -> None:
        self.problem = problem
        self.guests: list[Json] = problem["guests"]
        self.hosts: list[Json] = problem["destinations"]
        self.at = [
            (guest, host)
            for guest, one in enumerate(self.guests)
            for host, there in enumerate(self.hosts)
            if may_go(problem, one, there)
            and all(taken <= room(there, resource) for resource, taken in use(one).items())
        ]
        self.number = {cell: column for column, cell in enumerate(self.at)}
        self.rows: list[Row] = [
            (0, {self.number[cell]: 1.0 for cell in self.at if cell[0] == guest}, 1)
            for guest in range(len(self.guests))
        ]
        for host, there in enumerate(self.hosts):
            self._of_host(host, there)
        self._together()

    def _of_host(self, host: int, there: Json) -> None:
        here = {guest: self.number[guest, host] for guest in range(len(self.guests)) if (guest, host) in self.number}
        taken = {guest: use(self.guests[guest]) for guest in here}
        for resource in {resource for one in taken.values() for resource in one}:
            limit = room(there, resource)
            if math.isfinite(limit):
                scale = max(1.0, limit)
                terms = {column: taken[guest].get(resource, 0) / scale for guest, column in here.items()}
                self.rows.append((-math.inf, terms, limit / scale))
        for group in self.problem["apart"]:
            names = [guest for guest in here if self.guests[guest]["name"] in group["guests"]]
            old = sum(name in group["guests"] for name in there["guests"])
            if names:
                self.rows.append((-math.inf, {here[guest]: 1.0 for guest in names}, max(0, 1 - old)))

    def _together(self) -> None:
        number = {guest["name"]: place for place, guest in enumerate(self.guests)}
        for group in self.problem["together"]:
            members = [number[name] for name in group["guests"] if name in number]
            others = {name for name in group["guests"] if name not in number}
            for host, there in enumerate(self.hosts):
                columns = [self.number.get((guest, host)) for guest in members]
                possible = None not in columns and others <= set(there["guests"])
                for first, second in pairwise(columns):
                    if possible and first is not None and second is not None:
                        self.rows.append((0, {first: 1.0, second: -1.0}, 0))
                for column in columns:
                    if not possible and column is not None:
                        self.rows.append((0, {column: 1.0}, 0))

    def weights(self) -> dict[int, float]:
        """Return the weight of the guest of each column."""
        return {column: float(self.guests[guest]["weight"]) for column, (guest, _) in enumerate(self.at)}


def most_weight(problem: Json, seconds: float) -> tuple[float, float]:
    """Return the most weight that is found to leave, and a bound above which it is proven that none can."""
    cells = Cells(problem)
    if not cells.at:
        return 0.0, 0.0
    costs = [-weight for weight in cells.weights().values()]
    _, info, _ = _solve(costs, cells.rows, whole=len(cells.at), seconds=seconds)
    return -info.objective_function_value, -info.mip_dual_bound


def least_seconds(problem: Json, weight: float) -> float:
    """Return the seconds below which no placement is with which this weight leaves, by the LP relaxation."""
    cells = Cells(problem)
    source, time = problem["source"], len(cells.at)
    rows = [*cells.rows, (weight, cells.weights(), math.inf)]
    sends, lasts, counts = {}, {}, {}
    for column, (guest, host) in enumerate(cells.at):
        one, there = cells.guests[guest], cells.hosts[host]
        rate, ends = alone(problem, there), converges(problem, one, there)
        sends[column] = data(one, rate) if ends else 0.0
        lasts[column] = quiet(one) + sends[column] / rate if ends else 0.0
        counts[column] = float(ends)

    first = min((quiet(cells.guests[cell[0]]) for column, cell in enumerate(cells.at) if sends[column]), default=0.0)
    shortest = min((lasts[column] for column in sends if counts[column]), default=0.0)

    def within(terms: dict[int, float], most: float = 0.0) -> None:
        rows.append((-math.inf, {**terms, time: -1.0}, most))

    for host, end in [(EVERY, source), *enumerate(cells.hosts)]:
        here = [column for column, cell in enumerate(cells.at) if host in (EVERY, cell[1])]
        # nothing is sent before the first QEMU runs, and the last to start takes its time
        before = first if host == EVERY else 0.0
        within({column: sends[column] / end["link"] for column in here}, -before)
        within(
            {column: counts[column] * end["spacing"] for column in here},
            end["spacing"] - (shortest if host == EVERY else 0.0),
        )
        if end["width"]:
            within({column: lasts[column] / end["width"] for column in here})
    _before_any(cells, rows, time, {c: quiet(cells.guests[g]) for c, (g, _) in enumerate(cells.at)}, sends)
    for guest in range(len(cells.guests)):
        within({column: lasts[column] for column, cell in enumerate(cells.at) if cell[0] == guest})
    hosts = len(cells.hosts)
    _, info, status = _solve([0.0] * time + [1.0] + [0.0] * hosts, rows, whole=0, seconds=math.inf)
    assert status == "kOptimal", status
    return max(0.0, float(info.objective_function_value))


def _before_any(cells: Cells, rows: list[Row], time: int, quiets: dict[int, float], sends: dict[int, float]) -> None:
    """Add that nothing goes over a destination's link before its first QEMU runs, if any guest goes there."""
    for host, there in enumerate(cells.hosts):
        here = [column for column, cell in enumerate(cells.at) if cell[1] == host and sends[column]]
        used = time + 1 + host
        rows.extend((0, {used: 1.0, column: -1.0}, math.inf) for column in here)
        if here:
            terms = {column: sends[column] / there["link"] for column in here}
            rows.append((-math.inf, {**terms, used: min(map(quiets.__getitem__, here)), time: -1.0}, 0))


def _solve(costs: list[float], rows: list[Row], *, whole: int, seconds: float) -> tuple[list[float], Any, str]:
    highs = highspy._Highs()  # type: ignore[attr-defined]  # the public class prints a banner
    for name, value in (("output_flag", False), ("threads", 1), ("time_limit", seconds)):
        highs.setOptionValue(name, value)
    for column, cost in enumerate(costs):
        highs.addCol(cost, 0.0, math.inf if not whole and cost else 1.0, 0, [], [])
        if column < whole:
            highs.changeColIntegrality(column, highspy.HighsVarType.kInteger)
    for least, terms, most in rows:
        highs.addRow(least, most, len(terms), list(terms), list(terms.values()))
    highs.run()
    return list(highs.getSolution().col_value), highs.getInfo(), highs.getModelStatus().name
