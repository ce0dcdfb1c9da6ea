"""Shows evacuations with faults: a row each as they end, and all of them by fault."""

from collections import Counter
from collections.abc import Sequence

from tabulate import tabulate

from tests.lab.evacuations.faults import FAULTS
from tests.lab.evacuations.outcome import Outcome

#: The results that have a column of their own.
RESULTS = ("arrived", "stayed", "paused", "stopped")


def row(outcome: Outcome) -> str:
    """One run in a line, and its violations."""
    codes = " ".join(f"{what.removeprefix('--')} {'hung' if code is None else code}" for what, code in outcome.codes)
    counted = ", ".join(f"{number} {name}" for name, number in sorted(Counter(outcome.results.values()).items()))
    line = f"{outcome.seed}:{outcome.number}  {outcome.fault}, {outcome.to}, {outcome.moment}: {codes}: {counted}"
    line += "" if outcome.home is None else f", then home {sum(it == 'stayed' for it in outcome.home.values())}"
    wrong = "".join(f"\n    VIOLATION {violation}" for violation in outcome.violations)
    return f"{line}  {outcome.seconds:.0f} s{wrong}"


def summary(outcomes: Sequence[Outcome], *, tablefmt: str = "simple") -> str:
    """Fault by result, guests counted, and the runs with a violation."""
    rows = []
    for fault in FAULTS:
        of = [each for each in outcomes if each.fault == fault]
        counted = Counter(result for each in of for result in each.results.values())
        home = [each.home for each in of if each.home is not None]
        back = sum(result == "stayed" for one in home for result in one.values())
        wrong = sum(bool(each.violations) for each in of)
        rows.append((fault, len(of), *(counted[name] for name in RESULTS), len(home), back, wrong))
    total = [sum(column) for column in zip(*(each[1:] for each in rows), strict=True)]
    heads = ("fault", "runs", *RESULTS, "runs home", "guests home", "violations")
    return tabulate([*rows, ("all", *total)], heads, tablefmt=tablefmt, disable_numparse=True)
