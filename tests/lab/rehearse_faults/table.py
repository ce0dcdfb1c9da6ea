"""Shows rehearsals with faults: a line each, and by fault in the end."""

from collections.abc import Sequence

from tabulate import tabulate

from tests.lab.chaos.modes import MODES
from tests.lab.rehearse_faults.run import THROWN, Outcome


def row(outcome: Outcome) -> str:
    """One in a line."""
    when = "after the end" if outcome.after is None else f"+{outcome.after:.1f} s in {outcome.job}"
    line = f"{outcome.fault:34} {outcome.mode:9} {outcome.number:2}  {when:24} -> {outcome.source} | "
    line += f"{outcome.destination}  {outcome.settled} s, exit code {outcome.exit_code}: {outcome.told}"
    return line + "  TRACES" * outcome.traces + "".join(f"\n    VIOLATION {each}" for each in outcome.violations)


def summary(outcomes: Sequence[Outcome], *, tablefmt: str = "simple") -> str:
    """By fault and mode: the rehearsals, those that the fault hit, and the longest until all was as before."""
    rows = []
    for fault in THROWN:
        for mode in MODES:
            each = [one for one in outcomes if (one.fault, one.mode) == (fault, mode)]
            if each:
                hit = sum(one.after is not None for one in each)
                longest = max((one.settled or 0.0 for one in each), default=0.0)
                wrong = sum(bool(one.violations) for one in each)
                rows.append((fault, mode, len(each), hit, f"{longest:.0f} s", sum(one.traces for one in each), wrong))
    heads = ["fault", "mode", "rehearsals", "hit while under way", "longest until as before", "traces", "violations"]
    return tabulate(rows, heads, tablefmt=tablefmt, disable_numparse=True)
