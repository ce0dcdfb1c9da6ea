"""`make duration-truth`: how long migrations of different guests really take, beside what was predicted.

Each guest is asked about with `preflight capacity --measure-dirty-rate`, then migrated by virsh over a bandwidth that
the migration is limited to. Counted is the time that libvirt itself tells of the completed job.
"""

import json
import os
import random
import re
import sys
import time
from pathlib import Path

from tabulate import tabulate

from . import Lab, LabHost

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
SOURCE, DESTINATION = "host1.example.com", "host2.example.com"
GUESTS = 30
#: The share of the measured time that a prediction may be off, and of how many guests it must not be.
CLOSE, MOST = 0.25, 0.9


def main(guests: int = GUESTS) -> int:
    """Try so many guests, chosen from a seed; say 1 where too few went as predicted."""
    chosen = random.Random(7)
    rows, close = [], 0
    with Lab(os.environ.get("PREFLIGHT_LAB", "duration")) as lab:
        lab.up(["bookworm", "bookworm"])
        source, destination = lab.hosts["host1"], lab.hosts["host2"]
        for number in range(guests):
            memory, rate = chosen.choice([32, 48, 64, 96, 128]), chosen.choice([15, 25, 40])
            dirty = round(rate * chosen.choice([0.2, 0.3, 0.4, 0.5, 0.6, 0.7]), 1)
            name = f"g{number}"
            source.guest(name, memory_mib=memory, dirty_mib_per_s=dirty)
            _wait_until_steady(source, name)
            asked = [PREFLIGHT, "capacity", SOURCE, DESTINATION, "--guest", name, "--bandwidth", str(rate)]
            told = lab.client.run([*asked, "--measure-dirty-rate", "--format", "json"])
            [predicted] = json.loads(told.stdout)["guests"]
            uri = f"qemu+ssh://root@{DESTINATION}/system"
            words = ["virsh", "-q", "-c", f"qemu+ssh://root@{SOURCE}/system", "migrate", "--live", "--bandwidth"]
            done = lab.client.run([*words, str(rate), name, uri], timeout=180)
            if done.returncode:
                raise RuntimeError(f"{name}: {done.stderr}")
            stats = destination.run("virsh", "domjobinfo", name, "--completed").stdout
            measured = int(re.findall(r"^Time elapsed: +(\d+) +ms", stats, re.MULTILINE)[0]) / 1000
            downtime = int((re.findall(r"^Total downtime: +(\d+) +ms", stats, re.MULTILINE) or ["0"])[0])
            destination.run("virsh", "destroy", name)
            off = None if predicted["seconds"] is None else predicted["seconds"] / measured - 1
            good = off is not None and abs(off) <= CLOSE
            close += good
            asked_of = (memory, dirty, rate, predicted["touched_mib"], predicted["dirty_mib_per_s"])
            went = (predicted["seconds"], measured, downtime, None if off is None else f"{off:+.0%}")
            rows.append((*asked_of, *went, "yes" if good else "NO"))
            print(tabulate(rows[-1:], tablefmt="plain", floatfmt=".1f"), flush=True)
    heads = (
        "memory",
        "dirties",
        "MiB/s",
        "touched",
        "measured dirty",
        "predicted s",
        "took s",
        "stood still ms",
        "off",
        "close",
    )
    print("\n" + tabulate(rows, heads, floatfmt=".1f"))
    print(f"\n{close} of {len(rows)} predictions within {CLOSE:.0%}; at least {MOST:.0%} must be")
    return int(close < MOST * len(rows))


def _wait_until_steady(host: LabHost, name: str) -> None:
    """Wait until a guest has written to all the memory that it writes to: before that no prediction could hold."""
    held = -1
    while True:
        told = host.run("virsh", "domstats", name, "--balloon").stdout
        now = int(re.findall(r"balloon.rss=(\d+)", told)[0])
        if now - held < 256:
            return
        held = now
        time.sleep(1.5)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
