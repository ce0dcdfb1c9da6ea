"""`make bench`: how long a check of two hosts takes, beside one `virsh capabilities` of one host, taken in turn."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from . import Lab

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
ROUNDS = 15
#: The most that a check of both hosts may take, as a multiple of virsh's time for one.
RATIO = 2.0
#: Seconds that `preflight --version` may take beyond an empty Python.
START_UP = 0.15


def main() -> int:
    """Measure, print, and say 1 where a limit is exceeded."""
    with Lab(os.environ.get("PREFLIGHT_LAB", "bench")) as lab:
        lab.up(["bookworm", "bookworm"])
        lab.hosts["host1"].guest("web")
        check = [*lab.client.entering(), PREFLIGHT, "check", "host1.example.com", "host2.example.com"]
        virsh = [*lab.client.entering(), "virsh", "-c", "qemu+ssh://root@host1.example.com/system", "capabilities"]
        nothing = [*lab.client.entering(), "true"]
        times = in_turn({"check": check, "virsh": virsh, "entering the client": nothing})
    version = in_turn({"version": [PREFLIGHT, "--version"], "python": [sys.executable, "-c", "pass"]})
    entering = statistics.median(times["entering the client"])
    mine, theirs = (statistics.median(times[name]) - entering for name in ("check", "virsh"))
    start_up = statistics.median(version["version"]) - statistics.median(version["python"])
    print(f"preflight check of both hosts   {mine:.3f} s   median of {ROUNDS}, less {entering:.3f} s for the namespace")
    print(f"virsh capabilities of one host  {theirs:.3f} s   likewise, in turn with it")
    print(f"ratio                           {mine / theirs:.2f}      at most {RATIO:g}")
    print(f"preflight --version             {start_up:.3f} s   over python -c pass; at most {START_UP:g} s")
    return int(mine / theirs > RATIO or start_up > START_UP)


def in_turn(commands: dict[str, Sequence[str]]) -> dict[str, list[float]]:
    """Seconds that each command took, run one after the other ROUNDS times, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for round_ in range(ROUNDS + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment)
            if round_:
                times[name].append(time.perf_counter() - began)
    return times


if __name__ == "__main__":
    sys.exit(main())
