"""Shows interleavings: a line each as they are made, and all by name at the end."""

from collections.abc import Sequence

from tabulate import tabulate

from tests.lab.interleavings.run import Outcome


def row(outcome: Outcome) -> str:
    """One in a line, and what was wrong below it."""
    mode = "p2p" if outcome.p2p else "managed"
    what = (
        f"{' / '.join(outcome.before)} -> {' / '.join(outcome.after)}, counted {outcome.counted}"
        if outcome.reached
        else ""
    )
    line = (
        f"{outcome.name:36} {mode:7} {outcome.number}  {what or f'NOT REACHED: {outcome.why}'}  {outcome.seconds:.0f} s"
    )
    return line + "".join(f"\n    VIOLATION {each}" for each in outcome.violations)


def summary(outcomes: Sequence[Outcome], *, tablefmt: str = "simple") -> str:
    """By name and mode: how often made, and in how many of those something was that must not be."""
    rows = []
    for name, p2p in sorted({(each.name, each.p2p) for each in outcomes}):
        of = [each for each in outcomes if (each.name, each.p2p) == (name, p2p)]
        wrong = [each for each in of if each.violations]
        never = sorted({f"cannot happen: {each.why}" for each in of if each.impossible})
        after = sorted({" / ".join(each.after) for each in of if each.reached})
        back = sum("went back" in line for each in of for line in each.violations)
        mode = "p2p" if p2p else "managed"
        rows.append((name, mode, sum(each.reached for each in of), len(wrong), back, "; ".join((*after, *never))))
    heads = ("interleaving", "mode", "runs", "violations", "counter went back", "source / destination afterwards")
    return tabulate(rows, heads, tablefmt=tablefmt, disable_numparse=True)
