"""Shows runs: a row each as they end, and all of them by fault at the end."""

from collections import Counter
from collections.abc import Sequence

from tabulate import tabulate

from tests.lab.chaos.modes import MODES
from tests.lab.chaos.outcome import Outcome

HEADS = ("run", "mode", "guests", "fault", "moment", "exit codes", "result", "s")
#: The results that have a column of their own, in this order; any other has one behind them.
RESULTS = ("arrived", "stayed", "stopped")


def row(outcome: Outcome) -> str:
    """One run in a line."""
    codes = " ".join("hung" if code is None else str(code) for code in outcome.codes)
    counted = Counter(outcome.results.values())
    result = ", ".join(f"{number} {name}" for name, number in sorted(counted.items()))
    name = f"{outcome.seed}:{outcome.number}"
    line = f"{name:10} {outcome.mode:9} {' + '.join(outcome.faults):45} {outcome.moment:32} {codes:14}"
    acted = sum(bool(done) for done in outcome.acts.values())
    line += f" {acted} acts, {outcome.hosts}"
    wrong = "".join(f"\n    VIOLATION {violation}" for violation in outcome.violations)
    return f"{line} {result}  {outcome.seconds:.0f} s{wrong}"


def summary(outcomes: Sequence[Outcome], *, tablefmt: str = "simple") -> str:
    """Fault by result, guests counted, and the runs with a violation."""
    others = sorted({result for each in outcomes for result in each.results.values()} - set(RESULTS))
    columns = (*RESULTS, *others)
    rows = []
    for fault in sorted({each.faults for each in outcomes}, key=lambda names: (len(names), names)):
        of = [each for each in outcomes if each.faults == fault]
        counted = Counter(result for each in of for result in each.results.values())
        modes = Counter(each.mode for each in of)
        wrong = sum(bool(each.violations) for each in of)
        rows.append((" + ".join(fault), *(modes[mode] for mode in MODES), *(counted[name] for name in columns), wrong))
    total = [sum(column) for column in zip(*(each[1:] for each in rows), strict=True)]
    heads = ("fault", *MODES, *columns, "violations")
    return tabulate([*rows, ("all", *total)], heads, tablefmt=tablefmt, disable_numparse=True)


def acts(outcomes: Sequence[Outcome], *, tablefmt: str = "simple") -> str:
    """Act by mode: how often there was something to do after a fault, out of how often it was tried."""
    rows = []
    for act in sorted({act for each in outcomes for act in each.acts}):
        row: list[object] = [act]
        for mode in MODES:
            tried = [each.acts[act] for each in outcomes if each.mode == mode and act in each.acts]
            row.append(f"{sum(map(bool, tried))} of {len(tried)}")
        rows.append(row)
    for befell in sorted({each.hosts for each in outcomes}):
        counted = Counter(each.mode for each in outcomes if each.hosts == befell)
        rows.append([befell, *(f"{counted[mode]} of {counted[mode]}" for mode in MODES)])
    return tabulate(rows, ("second event", *MODES), tablefmt=tablefmt, disable_numparse=True)


def violations(outcomes: Sequence[Outcome], with_: str) -> str:
    """Return each run in which something was that must not be, and how to run it again."""
    lines = []
    for each in outcomes:
        if each.violations:
            lines.append(f"{each.seed}:{each.number}  make chaos CHAOS_SEED={each.seed} CHAOS_ONLY={each.number}")
            lines[-1] += "" if with_ == "preflight" else f" CHAOS_WITH={with_}"
            lines += [f"    {violation}" for violation in each.violations]
    runs = sum(bool(each.violations) for each in outcomes)
    return "\n".join([*lines, f"{runs} of {len(outcomes)} runs with a violation"])
