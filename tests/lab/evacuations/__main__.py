"""`make evacuation-chaos`: faults at random moments of evacuations to four hosts; goes on where it was cut off."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from tempfile import mkdtemp

from tests.lab.evacuations.faults import FAULTS
from tests.lab.evacuations.outcome import TESTED, Outcome, failed
from tests.lab.evacuations.record import RECORDED
from tests.lab.evacuations.run import run
from tests.lab.evacuations.table import row, summary
from tests.lab.evacuations.trial import IMAGES, EvacuationTrial, draw
from tests.lab.lab import Lab
from tests.lab.lines import Code, Lines
from tests.lab.machine import LabError


def main() -> int:
    """Run the trials of a seed that are not recorded of this code; 1 where one violated what must hold."""
    given = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the lab is taken down then, too
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background too, and so in what this starts
    code, lines = Code.now(*TESTED), Lines(given.record, Outcome)
    recorded = lines.keep(lambda each: each.code.migrate == code.migrate)
    done = {each.number for each in recorded if each.seed == given.seed}
    numbers = given.only or [number for number in range(given.first, given.first + given.runs) if number not in done]
    kept, deadline = Path(given.keep or mkdtemp(prefix="preflight-evacuations-")), time.monotonic() + given.minutes * 60
    used_up = False
    with Lab(os.environ.get("PREFLIGHT_LAB", "evacuations")) as lab:
        lab.up(IMAGES)
        for number in numbers:
            if time.monotonic() > deadline:
                break
            outcome = _try(lab, draw(given.seed, number), kept, used_up=used_up)
            used_up = bool(outcome.violations)
            lines.append(outcome)
            print(row(outcome), flush=True)
    outcomes = lines.read()
    print(f"\n{summary(outcomes)}\n\nof {code.migrate}, commit {code.commit}; what they wrote is in {kept}")
    return int(any(each.violations for each in outcomes))


def _try(lab: Lab, trial: EvacuationTrial, kept: Path, *, used_up: bool) -> Outcome:
    """One run, its output kept. Where the lab itself fails, once more on fresh hosts; then that is a violation."""
    directory = kept / f"{trial.seed}-{trial.number}"
    try:
        return run(lab, trial, _emptied(directory), used_up=used_up)
    except (LabError, subprocess.TimeoutExpired) as error:
        print(f"{trial.name}: once more, the lab failed: {error}", file=sys.stderr, flush=True)
        try:
            return run(lab, trial, _emptied(directory), used_up=True)
        except (LabError, subprocess.TimeoutExpired) as again:
            (directory / "traceback.txt").write_text(traceback.format_exc())
            return failed(trial, again)


def _emptied(directory: Path) -> Path:
    """Return the directory, with nothing in it."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.evacuations", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=2 * len(FAULTS), help="of which those recorded of this code are left out"
    )
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER", help="the number of the first of the runs")
    parser.add_argument("--seed", default="1")
    parser.add_argument(
        "--only", type=int, action="append", metavar="NUMBER", help="one run of the seed; may be repeated"
    )
    parser.add_argument("--minutes", type=float, default=24 * 60, help="after which no further run is begun")
    parser.add_argument("--keep", metavar="DIRECTORY", help="where journals and outputs go")
    parser.add_argument("--record", type=Path, default=RECORDED, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
