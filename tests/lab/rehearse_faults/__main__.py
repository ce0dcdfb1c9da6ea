"""`make rehearse-faults`: faults at random moments of a rehearsal, in each mode; goes on where it was cut off."""

import argparse
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

from tests.lab.chaos.modes import MODES
from tests.lab.lab import Lab
from tests.lab.lines import Lines
from tests.lab.machine import LabError
from tests.lab.rehearse_faults.record import RECORDED
from tests.lab.rehearse_faults.run import THROWN, Code, Outcome, run
from tests.lab.rehearse_faults.table import row, summary

#: How often preflight is killed in peer-to-peer mode, whose migrations continue without it.
KILLS = 20


def main() -> int:
    """Run what is not recorded of this code yet; 1 where a guest was not as before."""
    given = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the lab is taken down then, too
    code, lines = Code.now(), Lines(given.record, Outcome)
    recorded = lines.keep(lambda each: each.code.rehearse == code.rehearse)
    done = {(each.fault, each.mode, each.number) for each in recorded}
    kept = Path(mkdtemp(prefix="preflight-rehearse-faults-"))
    began = time.monotonic()
    with Lab(os.environ.get("PREFLIGHT_LAB", "rehearse")) as lab:
        lab.up(["bookworm"] * 2)
        for fault, mode, number in _wanted(given):
            if (fault, mode, number) in done or time.monotonic() - began > given.seconds:
                continue
            directory = kept / re.sub(r"[^a-z0-9]+", "-", f"{fault} {mode} {number}".lower())
            directory.mkdir()
            try:
                outcome = run(lab, fault, mode, number, directory)
            except LabError as why:  # the lab's own failure proves nothing, and is not recorded
                print(f"{fault}, {mode} {number}: not run: {why}", flush=True)
                lab.reset(list(lab.hosts.values()))
                continue
            lines.append(outcome)
            print(row(outcome), flush=True)
    outcomes = lines.read()
    print(f"\n{summary(outcomes)}\n\nof preflight/rehearse {code.rehearse}, commit {code.commit}; in {kept}")
    return int(any(each.violations for each in outcomes))


def _wanted(given: argparse.Namespace) -> Iterator[tuple[str, str, int]]:
    """Yield what is to be run, each fault once in each mode before any again."""
    for number in range(max(KILLS, given.times)):
        for fault in given.fault or THROWN:
            for mode in given.mode or MODES:
                often = KILLS if (fault, mode) == ("kill preflight", "p2p") else given.times
                if number < often:
                    yield fault, mode, number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.rehearse_faults", description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="each fault in each mode")
    parser.add_argument("--fault", choices=THROWN, action="append")
    parser.add_argument("--mode", choices=MODES, action="append")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no run after this time")
    parser.add_argument("--record", type=Path, default=RECORDED, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
