"""`make interleavings`: each five times, on real hosts; goes on where it was cut off where the code is the same."""

import argparse
import os
import signal
import sys
from pathlib import Path
from tempfile import mkdtemp

from tests.lab.interleavings.cases import INTERLEAVINGS
from tests.lab.interleavings.record import RECORDED
from tests.lab.interleavings.run import Outcome, run
from tests.lab.interleavings.table import row, summary
from tests.lab.lab import Lab
from tests.lab.lines import Code, Lines

#: How often one that was not reached is tried again.
TRIES = 4


def main() -> int:
    """Run what is not recorded of this code yet; 1 where one was a violation or could not be made."""
    given = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the lab is taken down then, too
    code, lines = Code.now(), Lines(given.record, Outcome)
    lines.keep(lambda each: each.code.migrate == code.migrate)
    kept = Path(mkdtemp(prefix="preflight-interleavings-"))
    with Lab(os.environ.get("PREFLIGHT_LAB", "interleave")) as lab:
        lab.up(["bookworm"] * 3)
        for number in range(given.times):
            for case in INTERLEAVINGS.values():
                for p2p in case.modes:
                    if given.only in case.name:
                        _make(lab, lines, kept, case.name, number, p2p=p2p)
    outcomes = lines.read()
    print(f"\n{summary(outcomes)}\n\nof preflight/migrate {code.migrate}, commit {code.commit}; in {kept}")
    return int(not all((each.reached or each.impossible) and not each.violations for each in outcomes))


def _make(lab: Lab, lines: Lines[Outcome], kept: Path, name: str, number: int, *, p2p: bool) -> None:
    """Until it was reached, or too often not; the last try counts."""
    done = [each for each in lines.read() if (each.name, each.number, each.p2p) == (name, number, p2p)]
    for attempt in range(0 if done else TRIES):
        directory = kept / f"{name.replace(' ', '-').replace('/', '')}-{'p2p' if p2p else 'managed'}-{number}-{attempt}"
        directory.mkdir()
        outcome = run(lab, name, number, directory, p2p=p2p)
        print(row(outcome), flush=True)
        if outcome.reached or outcome.impossible or attempt == TRIES - 1:
            lines.append(outcome)
            return


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.interleavings", description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--only", default="", metavar="TEXT", help="those whose name holds this")
    parser.add_argument("--record", type=Path, default=RECORDED, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
