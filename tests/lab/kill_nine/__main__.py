"""`make kill-nine`: preflight killed at random moments of a transfer, in each mode; goes on where it was cut off."""

import argparse
import os
import signal
import sys
from pathlib import Path
from tempfile import mkdtemp

from tests.lab.chaos.modes import MODES
from tests.lab.kill_nine.record import RECORDED
from tests.lab.kill_nine.run import Outcome, run
from tests.lab.kill_nine.table import row, summary
from tests.lab.lab import Lab
from tests.lab.lines import Code, Lines


def main() -> int:
    """Run what is not recorded of this code yet; 1 where a guest was not on exactly one host a minute later."""
    given = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the lab is taken down then, too
    code, lines = Code.now(), Lines(given.record, Outcome)
    done = {(each.mode, each.number) for each in lines.keep(lambda each: each.code.migrate == code.migrate)}
    kept = Path(mkdtemp(prefix="preflight-kill-nine-"))
    with Lab(os.environ.get("PREFLIGHT_LAB", "kill")) as lab:
        lab.up(["bookworm"] * 2)
        for number in range(given.times + given.unkilled):
            for mode in given.mode or MODES:
                if (mode, number) not in done:
                    directory = kept / f"{mode}-{number}"
                    directory.mkdir()
                    lines.append(outcome := run(lab, mode, number, directory, kill=number < given.times))
                    print(row(outcome), flush=True)
    outcomes = lines.read()
    print(f"\n{summary(outcomes)}\n\nof preflight/migrate {code.migrate}, commit {code.commit}; in {kept}")
    return int(any(each.violations for each in outcomes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.kill_nine", description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="kills in each mode")
    parser.add_argument("--unkilled", type=int, default=5, help="and transfers without one, to measure the start")
    parser.add_argument("--mode", choices=MODES, action="append")
    parser.add_argument("--record", type=Path, default=RECORDED, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
