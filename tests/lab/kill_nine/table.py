"""Shows kills: a line each, and by mode in the end."""

from collections.abc import Sequence

from tabulate import tabulate

from tests.lab.chaos.modes import MODES
from tests.lab.kill_nine.run import Outcome


def row(outcome: Outcome) -> str:
    """One in a line."""
    gap = "" if outcome.gap is None else f"  waited {1000 * outcome.gap:.0f} ms for its start"
    line = (
        f"{outcome.mode:9} {outcome.number:2}  {outcome.moment or 'not killed':38} at {' / '.join(outcome.killed_at)}"
    )
    line += f" -> {outcome.source} | {outcome.destination}  {outcome.settled} s{gap}"
    line += "  LEFT PAUSED, in the moment that is said" * outcome.unstarted
    return line + "".join(f"\n    VIOLATION {each}" for each in outcome.violations)


def summary(outcomes: Sequence[Outcome], *, tablefmt: str = "simple") -> str:
    """By mode: the kills, where the guest was a minute later, and how long it waits for its start otherwise."""
    rows = []
    for mode in MODES:
        killed = [each for each in outcomes if each.mode == mode and each.moment is not None]
        late = sum("after the end" in (each.moment or "") for each in killed)
        ran = [_runs_on(each) for each in killed if not each.violations and not each.unstarted]
        gaps = sorted(1000 * each.gap for each in outcomes if each.mode == mode and not each.moment and each.gap)
        waited = (
            f"{gaps[len(gaps) // 2]:.0f} ms (at most {gaps[-1]:.0f}, of {len(gaps)})" if gaps else "never paused there"
        )
        still = sum("stands still" in (each.moment or "") for each in killed)
        left = [each for each in killed if each.unstarted]
        here = sum(each.destination == "absent" for each in left)
        counted = (ran.count("source"), ran.count("destination"), len(left) - here, here)
        rows.append((mode, len(killed), still, late, *counted, sum(bool(each.violations) for each in killed), waited))
    heads = ["mode", "kills", "at the hand-over", "after the end", "runs on the source", "runs on the destination"]
    heads += ["left paused on the destination (documented case)", "left paused on the source (documented case)"]
    heads += ["violations", "wait for the start without a kill"]
    return tabulate(rows, heads, tablefmt=tablefmt, disable_numparse=True)


def _runs_on(outcome: Outcome) -> str:
    return "source" if outcome.source.startswith("running") else "destination"
