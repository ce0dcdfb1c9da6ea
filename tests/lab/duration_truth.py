"""`make duration-truth`: how long migrations of different guests really take, beside what was predicted.

Each guest is asked about with `preflight capacity --measure-dirty-rate`, then migrated by virsh over a bandwidth that
the migration is limited to, low enough for this machine's load not to matter. Counted is the time that libvirt itself
tells of the completed job.
"""

import json
import os
import random
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from tabulate import tabulate

from . import Lab, LabHost

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
SOURCE, DESTINATION = "host1.example.com", "host2.example.com"
GUESTS = 30
#: The share of the measured time that a prediction may be off, and of how many guests it must not be.
CLOSE, MOST = 0.25, 0.9
#: MiB that a guest may have, and MiB/s that its migration may send.
MEMORIES, RATES = (128, 192, 256, 384, 512), (10, 16, 24, 32)
#: The MiB/s that a guest dirties as a share of what its migration may send: one in six dirties nothing.
SHARES = (0.0, 0.1, 0.25, 0.4, 0.55, 0.7)
HEADS = ("memory", "dirties", "MiB/s", "touched", "measured", "predicted s", "took s", "stood still ms", "off", "close")


class Kind(Struct, frozen=True):
    """A guest and its migration: MiB, and MiB/s dirtied and sent. One not filled has touched next to nothing."""

    memory: int
    dirty: float
    rate: int
    filled: bool


def kinds(guests: int) -> Iterator[Kind]:
    """Return this many, from a seed, with the shares in turn, so that each of them occurs equally often."""
    chosen = random.Random(7)
    for number in range(guests):
        share, memory, rate = SHARES[number % len(SHARES)], chosen.choice(MEMORIES), chosen.choice(RATES)
        # one of those that dirty nothing has touched nothing either: all that is left is what takes no sending
        yield Kind(memory, round(rate * share, 1), rate, filled=number != 0)


def main(guests: int = GUESTS) -> int:
    """Try this many guests; return 1 if too few went as predicted."""
    rows, close = [], 0
    with Lab(os.environ.get("PREFLIGHT_LAB", "duration")) as lab:
        lab.up(["bookworm", "bookworm"])
        for number, kind in enumerate(kinds(guests)):
            row, good = _try(lab, f"g{number}", kind)
            rows.append(row)
            close += good
            print(tabulate(rows[-1:], tablefmt="plain", floatfmt=".1f"), flush=True)
    print("\n" + tabulate(rows, HEADS, floatfmt=".1f"))
    print(f"\n{close} of {len(rows)} predictions within {CLOSE:.0%}; at least {MOST:.0%} must be")
    return int(close < MOST * len(rows))


def _try(lab: Lab, name: str, kind: Kind) -> tuple[tuple[object, ...], bool]:
    source, destination = lab.hosts["host1"], lab.hosts["host2"]
    source.guest(name, memory_mib=kind.memory, dirty_mib_per_s=kind.dirty, fill=kind.filled)
    _wait_until_steady(source, name)
    asked = [PREFLIGHT, "capacity", SOURCE, DESTINATION, "--guest", name, "--bandwidth", str(kind.rate)]
    told = lab.client.run([*asked, "--measure-dirty-rate", "--format", "json"])
    [predicted] = json.loads(told.stdout)["guests"]
    uri = f"qemu+ssh://root@{DESTINATION}/system"
    words = ["virsh", "-q", "-c", f"qemu+ssh://root@{SOURCE}/system", "migrate", "--live", "--bandwidth"]
    done = lab.client.run([*words, str(kind.rate), name, uri], timeout=600)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr}")
    stats = destination.run("virsh", "domjobinfo", name, "--completed").stdout
    measured = int(re.findall(r"^Time elapsed: +(\d+) +ms", stats, re.MULTILINE)[0]) / 1000
    downtime = int((re.findall(r"^Total downtime: +(\d+) +ms", stats, re.MULTILINE) or ["0"])[0])
    destination.run("virsh", "destroy", name)
    off = None if predicted["seconds"] is None else predicted["seconds"] / measured - 1
    good = off is not None and abs(off) <= CLOSE
    asked_of = (kind.memory, kind.dirty, kind.rate, predicted["touched_mib"], predicted["dirty_mib_per_s"])
    went = (predicted["seconds"], measured, downtime, None if off is None else f"{off:+.0%}")
    return (*asked_of, *went, "yes" if good else "NO"), good


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
