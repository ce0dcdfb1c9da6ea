"""A linear program, with whole numbers or without, and HiGHS, which solves it. The only module that knows highspy."""

import math
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from preflight.placement.deadline import Deadline

#: Seed of the random choices of HiGHS, so that it gives the same answer to the same program.
_SEED = 1


class Missing(Exception):
    """highspy is not installed."""


class Solved(Struct, frozen=True):
    """What HiGHS found; `values` is empty if it found nothing in time."""

    values: tuple[float, ...]
    #: No solution is better than this.
    bound: float


class Program:
    """A linear program that is minimized: columns with costs, and rows that limit sums of them."""

    def __init__(self) -> None:
        self.costs: list[float] = []
        self.most: list[float] = []
        self.whole: list[bool] = []
        self.rows: list[tuple[float, Mapping[int, float], float]] = []

    def column(self, most: float = math.inf, *, cost: float = 0.0, whole: bool = False) -> int:
        """Add a column from 0 to `most`, and return its number."""
        self.costs.append(cost)
        self.most.append(most)
        self.whole.append(whole)
        return len(self.costs) - 1

    def row(self, terms: Mapping[int, float], *, least: float = -math.inf, most: float = math.inf) -> None:
        """Add a row: the sum of columns, each times its factor, lies within these bounds."""
        self.rows.append((least, terms, most))

    def solve(self, until: Deadline, *, gap: float = 0.0, relaxed: bool = False) -> Solved:
        """Solve it by a deadline, to a relative gap; without whole numbers if relaxed. Raises `Missing`."""
        try:
            import highspy
        except ImportError as why:
            raise Missing from why
        # the public class prints a banner on standard output
        highs = highspy._Highs()  # type: ignore[attr-defined]  # noqa: SLF001 - for the same reason
        for name, value in (("output_flag", False), ("threads", 1), ("random_seed", _SEED), ("mip_rel_gap", gap)):
            highs.setOptionValue(name, value)

        def stop(_kind: object, _message: str, _found: object, order: Any, _data: object) -> None:
            if order is not None:
                order.user_interrupt = until.over

        highs.setCallback(stop, None)
        highs.startCallback(highspy.cb.HighsCallbackType.kCallbackMipInterrupt)
        highs.startCallback(highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt)
        whole = any(self.whole) and not relaxed
        highs.passModel(self._as_highs(highspy, whole=whole))
        highs.run()
        info, is_proven = highs.getInfo(), highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        has_values = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        proven = info.objective_function_value if is_proven else -math.inf
        values = tuple(highs.getSolution().col_value) if has_values else ()
        return Solved(values, info.mip_dual_bound if whole else proven)

    def _as_highs(self, highspy: Any, *, whole: bool) -> Any:
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.costs), len(self.rows)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = self.costs, [0.0] * len(self.costs), self.most
        lp.row_lower_, lp.row_upper_ = [row[0] for row in self.rows], [row[2] for row in self.rows]
        starts: list[int] = [0]
        columns: list[int] = []
        factors: list[float] = []
        for _, terms, _ in self.rows:
            columns += terms.keys()
            factors += terms.values()
            starts.append(len(columns))
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = starts, columns, factors
        if whole:
            kinds = highspy.HighsVarType
            lp.integrality_ = [kinds.kInteger if one else kinds.kContinuous for one in self.whole]
        return lp
