"""`make hostile-lab`: every attacker against every command, on two real hosts."""

import argparse
import sys
import time

from tests.hostile import record
from tests.hostile.canary import canaries
from tests.hostile.demands import Judged
from tests.lab.hostile.kinds import KINDS
from tests.lab.hostile.run import attack
from tests.lab.lab import Lab
from tests.lab.machine import LabError


def main() -> int:
    """Run; 1 when a demand was broken."""
    given = _parser().parse_args()
    began = time.monotonic()
    seen: list[Judged] = []
    with Lab() as lab, canaries():
        lab.up(["bookworm", "bookworm"])
        for kind in KINDS:
            if given.only not in f"{kind.name} at the {kind.end}":
                continue
            try:
                for run in attack(lab, kind):
                    seen.append(run)
                    if run.faults or given.verbose:
                        code = "killed" if run.code is None else run.code
                        print(f"  exit {code} after {run.wall:.1f} s", end="  ")
                        print(f"lab: {record.line(run)}", flush=True)
            except LabError as why:  # an attacker who spoils their own host has not been met
                print(f"lab: {kind.name}: not met: {why}", flush=True)
                seen.append(_not_met(kind.name, str(why)))
            lab.reset([host for host in lab.hosts.values() if host.is_dirty()])
    faulty = sum(bool(run.faults) for run in seen)
    seconds = time.monotonic() - began
    kinds = len({(run.kind, run.name.split(",")[0]) for run in seen})
    print(f"lab: {kinds} attackers, {len(seen)} runs in {seconds:.0f} s, {faulty} broke a demand")
    if given.record and not given.only:
        record.write(record.summed("lab", given.seed, seconds, seen))
    return int(faulty > 0)


def _not_met(kind: str, why: str) -> Judged:
    return Judged(
        part="lab",
        kind=kind,
        name="not met",
        words=(),
        code=None,
        cpu=0,
        wall=0,
        rss=0,
        size=0,
        faults=(f"not met: {why[:200]}",),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.hostile", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="named in the record; nothing here is drawn")
    parser.add_argument("--only", default="", metavar="TEXT", help="the attackers that have this in their name")
    parser.add_argument("--verbose", "-v", action="store_true", help="name each run, whether it broke a demand or not")
    parser.add_argument("--record", action="store_true", help="keep what was seen for docs/reference/hostile.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
