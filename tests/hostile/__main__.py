"""`make hostile`: run every part, or one of them, say which runs broke a demand, and record what was seen."""

import argparse
import sys
import time
from collections.abc import Iterator

from tests.hostile import files, fleets, formats, live, record, snapshots, subjects
from tests.hostile.canary import canaries
from tests.hostile.demands import Judged
from tests.hostile.runs import judge_all

PARTS = ("snapshots", "files", "live hosts", "many hosts", "formats", "audits and lints")
#: Hosts that answer live mostly wait, so that more of them run at once than there are processors.
WAITING = 3


def main() -> int:
    """Run; 1 when a run broke a demand."""
    given = _parser().parse_args()
    broken = 0
    for part in given.part or PARTS:
        began = time.monotonic()
        seen = []
        with canaries():
            for run in _runs(part, given.seed, given.only):
                seen.append(run)
                if run.faults:
                    print(f"{part}: {record.line(run)}", flush=True)
        faulty = sum(bool(run.faults) for run in seen)
        broken += faulty
        seconds = time.monotonic() - began
        print(f"{part}: {len(seen)} runs of seed {given.seed} in {seconds:.0f} s, {faulty} broke a demand", flush=True)
        if given.record and not given.only:
            record.write(record.summed(part, given.seed, seconds, seen))
    return int(broken > 0)


def _runs(part: str, seed: int, only: str) -> Iterator[Judged]:
    if part == "snapshots":
        chosen = (one for one in snapshots.snapshots(seed) if only in f"{one.kind}: {one.name}")
        return judge_all(chosen, snapshots.judge)
    if part == "files":
        named = [one for one in files.documents(seed) if only in one[0]]
        return judge_all(named if only else files.sample(seed, files.DRAWN), files.judge)
    if part == "many hosts":
        return judge_all((one for one in fleets.given(seed) if only in f"{one.kind}: {one.name}"), fleets.judge)
    if part == "formats":
        return (formats.judge(one) for one in formats.cases(seed) if only in f"{one.form}: {one.number} {one.base}")
    if part == "audits and lints":
        every = subjects.cases(seed)
        return (formats.judge(one) for one in every if only in f"{one.subject}, {one.form}: {one.number} {one.base}")
    return judge_all((one for one in live.hosts() if only in ": ".join(one)), live.judge, workers=WAITING)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what all is drawn from")
    parser.add_argument("--part", action="append", choices=PARTS, help="this part alone; repeat for more")
    parser.add_argument("--only", default="", metavar="TEXT", help="what has this in its kind or name")
    parser.add_argument("--record", action="store_true", help="keep what was seen for docs/reference/hostile.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
