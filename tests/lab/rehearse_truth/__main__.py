"""`make rehearse-truth`: a rehearsal and then virsh on 250 rows of the truth; continues where it was cut off."""

import argparse
import os
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from tests.lab import Lab
from tests.lab.lines import Lines
from tests.lab.rehearse_faults.run import Code
from tests.lab.rehearse_truth.choice import MOST, chosen
from tests.lab.rehearse_truth.page import RECORDED, Class, class_of, reasons, summary
from tests.lab.rehearse_truth.run import Rehearsal, run
from tests.lab.truth.row import Row, rows
from tests.lab.truth.schedule import run_all


def main() -> int:
    """Run the chosen rows that are not recorded yet; 1 if a rehearsal did harm, or disagrees for no listed reason."""
    given = _parser().parse_args()
    lines = Lines(given.record, Rehearsal)
    if given.again:
        code = Code.now()
        lines.keep(lambda one: one.code.rehearse == code.rehearse)
    done = {one.row for one in lines.read()}
    left = {
        name: row
        for name, row in chosen(rows(), given.most).items()
        if name not in done and (not given.rows or name.startswith(tuple(given.rows)))
    }
    lock = threading.Lock()

    def perform(lab: Lab, name: str, row: Row) -> Rehearsal:
        one = run(lab, name, row)
        with lock:  # here, for a run that is cut off has it too
            lines.append(one)
        return one

    began = time.monotonic()
    with ExitStack() as held:
        name = os.environ.get("PREFLIGHT_LAB", "rehearse")
        crew = [held.enter_context(Lab(f"{name}{number}")) for number in range(1, given.labs + 1)]
        number = 0
        for number, over in enumerate(run_all(left, crew, perform), 1):
            print(f"{number:>4}/{len(left)} {over.name}: {_told(over.saw)}", flush=True)
            for why in over.broke:
                print(f"     the lab broke: {' '.join(why.split())[:300]}", flush=True)
            if time.monotonic() - began > given.seconds:
                break
    found = lines.read()
    print(f"\n{summary(found)}\n\n{number} rows in {(time.monotonic() - began) / 60:.1f} minutes")
    explained = reasons()
    wrong = [one.row for one in found if class_of(one) is Class.HARM]
    wrong += [one.row for one in found if class_of(one) is Class.DISAGREES and one.row not in explained]
    return int(bool(wrong))


def _told(one: Rehearsal | None) -> str:
    if one is None:
        return "not run"
    return f"{one.answer} in {one.whole:.1f} s, {one.outcome}: {class_of(one)}\n       {one.said}\n       {one.message}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.rehearse_truth", description=__doc__)
    parser.add_argument("rows", nargs="*", help="of the chosen rows only those whose names begin so")
    parser.add_argument("--labs", type=int, default=2, help="labs that run side by side (%(default)s)")
    parser.add_argument("--most", type=int, default=MOST, help="rows that are chosen (%(default)s)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no row after this time")
    parser.add_argument("--again", action="store_true", help="forget what is recorded of another preflight/rehearse")
    parser.add_argument("--record", type=Path, default=RECORDED, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
