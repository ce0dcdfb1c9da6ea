"""`make chaos`: faults thrown at random moments of real migrations, and where each guest then is."""

import argparse
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkdtemp

import msgspec

from tests.lab.chaos.mover import MOVERS
from tests.lab.chaos.outcome import Outcome, failed
from tests.lab.chaos.record import RECORDED
from tests.lab.chaos.run import run
from tests.lab.chaos.table import acts, row, summary, violations
from tests.lab.chaos.trial import draw
from tests.lab.lab import Lab
from tests.lab.lines import Code, Lines
from tests.lab.machine import LabError


def main() -> int:
    """Run the trials of a seed; 1 where one violated what must hold."""
    given = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the labs are taken down then, too
    code, lines = Code.now(), Lines(given.record, Outcome)
    recorded = lines.keep(lambda each: each.code.migrate == code.migrate)
    done = {each.number for each in recorded if each.seed == given.seed and given.with_ == "preflight"}
    wanted = given.only or [number for number in range(given.first, given.first + given.runs) if number not in done]
    numbers, deadline = iter(wanted), time.monotonic() + given.minutes * 60
    kept = Path(given.keep or mkdtemp(prefix="preflight-chaos-"))
    turn, ended = threading.Lock(), threading.Event()
    outcomes: list[Outcome] = []

    def next_numbers() -> Iterator[int]:
        while not ended.is_set():
            with turn:
                number = next(numbers, None)
            if number is None or time.monotonic() > deadline:
                return
            yield number

    def work(place: int) -> None:
        name = os.environ.get("PREFLIGHT_LAB", "chaos")
        with Lab(name if place == 0 else f"{name}{place}") as lab:
            lab.up([given.release, given.release])
            used_up = False
            for number in next_numbers():
                outcome = _try(lab, given, number, kept, used_up=used_up)
                used_up = bool(outcome.violations)
                with turn:
                    outcomes.append(outcome)
                    if given.with_ == "preflight":
                        lines.append(outcome)
                    print(row(outcome), flush=True)

    with ThreadPoolExecutor(given.labs) as pool:
        works = [pool.submit(work, place) for place in range(given.labs)]
        try:
            for each in works:
                each.result()
        except KeyboardInterrupt:
            print("chaos: ends after the runs under way", file=sys.stderr)
            ended.set()
        except BaseException:
            ended.set()  # the others end after their run, and take their labs down
            raise
    outcomes.sort(key=lambda each: each.number)
    of_all = lines.read() if given.with_ == "preflight" else outcomes
    print(f"\n{summary(of_all)}\n\n{acts(of_all)}\n\n{violations(of_all, given.with_)}; what they wrote is in {kept}")
    print(f"of preflight/migrate {code.migrate}, commit {code.commit}")
    print("docs/reference/chaos.md: python -m tests.documentation")
    if ended.is_set():
        return 130
    return int(any(each.violations for each in of_all))


def _try(lab: Lab, given: argparse.Namespace, number: int, kept: Path, *, used_up: bool) -> Outcome:
    """One run, its output kept. Where the lab itself fails, once more on fresh hosts; then that counts as a violation,
    since nothing was proved.
    """
    trial = draw(given.seed, number)
    directory = kept / f"{trial.seed}-{trial.number}"
    try:
        outcome = run(lab, trial, given.with_, _emptied(directory), used_up=used_up)
    except LabError as error:
        print(f"{trial.name}: once more, the lab failed: {error}", file=sys.stderr)
        try:
            outcome = run(lab, trial, given.with_, _emptied(directory), used_up=True)
        except LabError:
            (directory / "traceback.txt").write_text(traceback.format_exc())
            outcome = failed(trial, error)
    (directory / "outcome.json").write_bytes(msgspec.json.format(msgspec.json.encode([trial, outcome])))
    return outcome


def _emptied(directory: Path) -> Path:
    """Return the directory, with nothing in it."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=360, help="of which those recorded of this code are left out")
    parser.add_argument("--minutes", type=float, default=24 * 60, help="after which no further run is begun")
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER", help="the number of the first of the runs")
    parser.add_argument("--seed", default="1")
    parser.add_argument(
        "--only", type=int, action="append", metavar="NUMBER", help="one run of the seed; may be repeated"
    )
    parser.add_argument("--labs", type=int, default=2, help="so many runs side by side")
    parser.add_argument("--with", dest="with_", choices=MOVERS, default="preflight", help="what moves the guests")
    parser.add_argument("--release", default="bookworm", help="the Debian release of both hosts")
    parser.add_argument("--keep", metavar="DIRECTORY", help="where journals and outputs go")
    parser.add_argument(
        "--record", type=Path, default=RECORDED, metavar="FILE", help="what docs/reference/chaos.md is made from"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
