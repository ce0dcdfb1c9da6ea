"""`make evacuations`: plan generated evacuations with both solvers, judge the answers and record what was found."""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from . import record
from .judged import Judged, judge

#: What has been judged so far, a line each, for `--resume`.
SO_FAR = Path("build/evacuations.jsonl")


def main() -> int:
    """Run; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.evacuations", description=__doc__)
    parser.add_argument("--number", type=int, default=200, help="how many are drawn (default: %(default)s)")
    parser.add_argument("--only", type=int, metavar="SEED", help="draw this one; nothing is recorded")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once (default: %(default)s)")
    parser.add_argument("--resume", action="store_true", help="go on where a run of the same planner was cut off")
    asked = parser.parse_args()
    if asked.only is not None:
        return _told(*_both(asked.only))
    SO_FAR.parent.mkdir(exist_ok=True)
    if not asked.resume:
        SO_FAR.write_bytes(b"")
    decode = msgspec.json.Decoder(tuple[Judged, Judged]).decode
    found = {pair[0].seed: pair for pair in map(decode, SO_FAR.read_bytes().splitlines())}
    with ProcessPoolExecutor(asked.jobs) as pool, SO_FAR.open("ab") as so_far:
        for pair in pool.map(_both, [seed for seed in range(asked.number) if seed not in found]):
            found[pair[0].seed] = pair
            so_far.write(msgspec.json.encode(pair) + b"\n")
            so_far.flush()
            _show(pair[0])
    pairs = [found[seed] for seed in range(asked.number)]
    run = record.Recorded(tuple(highs for highs, _ in pairs), tuple(plain for _, plain in pairs))
    record.write(run)
    return _told(*run.highs, *run.plain)


def _both(seed: int) -> tuple[Judged, Judged]:
    return judge(seed, exact=True), judge(seed, exact=False)


def _told(*judged: Judged) -> int:
    half = len(judged) // 2
    wrong = [*record.faults(judged[:half], exact=True), *record.faults(judged[half:], exact=False)]
    print("\n".join(wrong))
    return int(bool(wrong))


def _show(one: Judged) -> None:
    print(
        f"{one.seed}: {one.guests} guests, {one.hosts} hosts, {one.planted or 'feasible'}, {one.solver}, "
        f"{one.stays} stay, {one.replayed:.0f} s, {one.above:.1%} above the bound, took {one.took:.1f} s",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
