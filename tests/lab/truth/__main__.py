"""`make truth`: every row on real hosts, the table of what was said and what happened, and how often they agree."""

import argparse
import os
import sys
import time
from contextlib import ExitStack

from tabulate import tabulate

from preflight.judge.ruleset import load
from tests.lab import Lab

from .record import Seen, last_seen, read
from .row import Row, rows
from .run import run
from .schedule import Done, run_all


def main() -> int:
    """Run the rows that are named, or all; 1 when a verdict was wrong or a row went otherwise than it says."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.truth", description=__doc__)
    parser.add_argument("rows", nargs="*", help="subject, subject/name or the beginning of one; all if none is named")
    parser.add_argument("--table", action="store_true", help="print what was last seen, without the lab")
    parser.add_argument("--missing", action="store_true", help="run only rows that were never seen")
    parser.add_argument("--older", type=float, metavar="MINUTES", help="run only rows that were not seen since then")
    parser.add_argument("--labs", type=int, default=3, help="labs that run side by side (%(default)s)")
    options = parser.parse_args()
    chosen = rows(tuple(options.rows))
    if options.missing:
        chosen = {name: row for name, row in chosen.items() if read(name) is None}
    if options.older is not None:
        since = time.time() - options.older * 60
        chosen = {name: row for name, row in chosen.items() if last_seen(name) < since}
    unknown = {row.rule for row in chosen.values()} - {rule.name for rule in load()}
    if not chosen or unknown or options.labs < 1:
        why = f"no such rule: {', '.join(sorted(unknown))}" if unknown else "no such row" if not chosen else "no lab"
        print(why, file=sys.stderr)
        return 2
    if options.table:
        found = [(name, row, known[0]) for name, row in chosen.items() if (known := read(name))]
        broken = 0
    else:
        found, broken = _in_labs(chosen, options.labs)
    print("\n" + summary(found))
    return int(bool(broken) or any(wrong(row, saw) for _, row, saw in found))


def _in_labs(chosen: dict[str, Row], labs: int) -> tuple[list[tuple[str, Row, Seen]], int]:
    """Run the rows and say how each went; what was seen, and how many rows the lab could not show."""
    name = os.environ.get("PREFLIGHT_LAB", "truth")
    found: list[tuple[str, Row, Seen]] = []
    broken = 0
    began = time.monotonic()
    with ExitStack() as held:
        crew = [held.enter_context(Lab(f"{name}{number}")) for number in range(1, labs + 1)]
        for done in run_all(chosen, crew, run):
            broken += done.saw is None
            if done.saw is not None:
                found.append((done.name, done.row, done.saw))
            print(f"{len(found) + broken:>4}/{len(chosen)} {_told(done)}", flush=True)
    minutes = (time.monotonic() - began) / 60
    print(f"\n{len(chosen)} rows in {minutes:.1f} minutes, {labs} labs side by side; the lab failed {broken}.")
    return sorted(found), broken


def _told(done: Done[Seen]) -> str:
    """Return the result of a row, and the number of times that the lab broke during it."""
    broke = "".join(f"\n     the lab broke: {' '.join(why.split())[:300]}" for why in done.broke)
    went = line(done.name, done.row, done.saw) if done.saw else f"{done.name:<52} NOT SEEN"
    return went + broke


def line(name: str, row: Row, saw: Seen) -> str:
    """One row: what was said, what happened."""
    remark = wrong(row, saw) or ""
    cause = "" if saw.outcome == "moves" else ("same cause" if saw.same_cause(row) else "other words")
    said = ", ".join(sorted({rule for rule, _ in saw.errors}))
    return f"{name:<52} {saw.verdict:<12} {saw.outcome:<6} {cause:<11} {said} {remark and '<-- ' + remark}".rstrip()


def wrong(row: Row, saw: Seen) -> str | None:
    """Return what is wrong with the result of a row, if anything."""
    if saw.outcome != row.expect:
        return f"the row expects that it {row.expect}: {saw.message}"
    if row.silent and saw.message != row.no_end:
        return f"the row expects that virsh hangs and says nothing: {saw.message}"
    if saw.verdict == "ready" and saw.outcome == "fails" and row.unknowable is None:
        return f"FALSE READY: {saw.message}"
    if saw.verdict == "not-ready" and saw.outcome == "moves":
        return "FALSE ALARM"
    if saw.verdict == "undetermined" and row.unknowable is None:
        return f"undetermined: {', '.join(saw.unknown)}"
    if saw.outcome == "fails" and row.unknowable is None and row.rule not in {rule for rule, _ in saw.errors}:
        return f"{row.rule} said nothing; libvirt: {saw.message}"
    return None


def summary(found: list[tuple[str, Row, Seen]]) -> str:
    """Return the confusion table, and how often the predicted error is the real one.

    A ready row that failed is in the table even if nobody could know; how many such there are is said below it.
    """
    cells = [
        (verdict, *(sum((saw.verdict, saw.outcome) == (verdict, outcome) for *_, saw in found) for outcome in WAYS))
        for verdict in ("ready", "not-ready", "undetermined")
    ]
    failing = [(row, saw) for _, row, saw in found if saw.outcome == "fails" and saw.verdict == "not-ready"]
    same = sum(saw.same_cause(row) for row, saw in failing)
    rate = (
        f"In {same} of {len(failing)} rows that were not ready and failed, libvirt's message contains the predicted "
        "error, or preflight predicted that there would be no message."
    )
    excused = sum(bool(row.unknowable) and (saw.verdict, saw.outcome) == WRONGLY_READY for _, row, saw in found)
    remark = (
        f" Of the rows that were ready and failed, {excused} failed for a reason that cannot be known in advance."
        if excused
        else ""
    )
    table = tabulate(cells, headers=("verdict", *WAYS), disable_numparse=True)
    return f"{table}\n\n{len(found)} rows.{remark} {rate}"


def markdown() -> str:
    """Return docs/reference/truth.md: every row that the lab has recorded."""
    found = [(name, row, known[0]) for name, row in rows().items() if (known := read(name))]
    lines = [
        (
            f"`{name}`",
            row.title,
            f"{row.source} to {row.destination}",
            saw.verdict.replace("-", " "),
            saw.outcome,
            ", ".join(sorted({rule for rule, _ in saw.errors})),
        )
        for name, row, saw in found
    ]
    headers = ("Row", "Difference from a sound pair", "Releases", "Verdict", "virsh migrate", "Rules with an error")
    table = tabulate(lines, headers=headers, tablefmt="github", disable_numparse=True)
    return (
        "# Verdicts and results of virsh migrate\n\n"
        "For each row, a pair of real hosts in the lab was brought into one state and checked with preflight, and a\n"
        "guest was then migrated with virsh. Generated by `python -m tests.documentation` from the last records of\n"
        "`make truth`.\n\n"
        f"```\n{summary(found)}\n```\n\n{table}\n"
    )


WAYS = ("moves", "fails")
WRONGLY_READY = ("ready", "fails")

if __name__ == "__main__":
    sys.exit(main())
