"""`make rehearse-bench`: what a rehearsal costs.

The time of one guest's rehearsal beyond that of a check; the time of 20 beside 20 plain `virsh migrate`, each up to the
moment at which the destination takes memory; and, of a guest of 8 GiB that writes, the longest standstill by its own
clock; and 50 rehearsals of guests that have touched as little as they may, of which none may move.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from preflight.rehearse.limits import TOUCHED
from preflight.units import MIB

from . import Lab, LabError
from .bench import HOSTS, PREFLIGHT, in_turn, prioritize, run, say
from .rehearse_truth.memory import fill
from .standstill import Standstill

#: Rounds of one guest, and the most seconds that its rehearsal may take beyond the check.
ROUNDS, BEYOND = 5, 1.0
#: The guests that are rehearsed together, so many at once, and the most that they may take as a multiple of virsh.
GUESTS, AT_ONCE, RATIO = 20, 5, 1.25
#: MiB of a guest.
MEMORY = 384
#: MiB of the large guest, MiB/s that it dirties, and its rehearsals.
LARGE, DIRTY, TIMES = 8192, 40.0, 10
#: The guests that have touched no more than they must, which are rehearsed together as often.
SMALL = 5


def main() -> int:
    """Measure, print, and return 1 if a limit is exceeded."""
    only = sys.argv[1:] or ["costs", "standstill", "small"]
    met = True
    with Lab(os.environ.get("PREFLIGHT_LAB", "bench")) as lab:
        if "costs" in only:
            met = costs(lab)
        if "standstill" in only:
            lab.down()
            standstill(lab)
        if "small" in only:
            lab.down()
            met = small(lab) and met
    return int(not met)


def costs(lab: Lab) -> bool:
    """Measure one guest and 20, and report whether no limit is exceeded."""
    lab.up(["bookworm", "bookworm"])
    names = [f"g{number:02}" for number in range(GUESTS)]
    for name in names:
        lab.hosts["host1"].guest(name, memory_mib=MEMORY)
    time.sleep(5)  # until their firmware has halted
    fill(lab.hosts["host1"])
    prioritize(lab)
    entering = lab.client.entering()
    rehearse = [*entering, PREFLIGHT, "rehearse", *HOSTS, "--yes", "--answer-timeout", "60"]
    check = [*entering, PREFLIGHT, "check", *HOSTS]
    one = {"check": [*check, names[0]], "rehearse": [*rehearse, names[0]], "entering": [*entering, "true"]}
    times = in_turn(one, ROUNDS)
    say("check of one guest", times["check"])
    say("rehearsal of one guest", times["rehearse"])
    beyond = statistics.median(times["rehearse"]) - statistics.median(times["check"])
    print(f"{'a rehearsal takes beyond it':31s} {beyond:.3f} s   at most {BEYOND:g} s")
    begun = [until_memory(lab, name) for name in names]
    print(f"{'20 virsh migrate up to memory':31s} {sum(begun):.3f} s   {statistics.median(begun):.3f} s each")
    checked = run([*check, *names])
    began = time.monotonic()
    done = lab.client.run([PREFLIGHT, "rehearse", *HOSTS, "--yes", *names, "--at-once", str(AT_ONCE)], timeout=300)
    rehearsed = time.monotonic() - began
    print(done.stdout.strip().splitlines()[-1] if done.returncode == 0 else done.stdout + done.stderr)
    say("check of 20", [checked])
    say(f"rehearsal of 20, {AT_ONCE} at once", [rehearsed])
    ratio = (rehearsed - checked) / sum(begun)
    print(f"{'20 rehearsals over 20 virsh':31s} {ratio:.2f}      without the check; at most {RATIO:g}")
    return beyond <= BEYOND and ratio <= RATIO and done.returncode == 0


def until_memory(lab: Lab, name: str) -> float:
    """Return the seconds from the start of a plain `virsh migrate` until memory is sent; it is then aborted."""
    source = lab.hosts["host1"]
    kept = Path(source.inside(f"/run/libvirt/qemu/{name}.xml"))
    source_uri, uri = (f"qemu+ssh://root@{host}/system" for host in HOSTS)
    words = ["virsh", "-q", "-c", source_uri, "migrate", "--live", "--bandwidth", "1", name, uri]
    began = time.monotonic()
    moving = lab.client.popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while "phase='perform3'" not in kept.read_text().partition("<domain ")[0]:
        if moving.poll() is not None:
            raise LabError(f"virsh ended before it had sent memory of {name}")
        time.sleep(0.002)
    took = time.monotonic() - began
    while moving.poll() is None:
        source.run("virsh", "-q", "domjobabort", name, check=False)
        time.sleep(0.1)
    return took


def standstill(lab: Lab) -> None:
    """Measure the standstill of a large guest that writes, at rest and while it is rehearsed, by its own clock."""
    lab.up(["bookworm", "bookworm"])
    lab.hosts["host1"].guest("large", memory_mib=LARGE, dirty_mib_per_s=DIRTY, disk="counter")
    fill(lab.hosts["host1"])
    time.sleep(5)
    prioritize(lab)
    words = [PREFLIGHT, "rehearse", *HOSTS, "large", "--yes"]
    rest: list[float] = []
    stood: list[float] = []
    for _ in range(TIMES):
        with Standstill(lab.instance, "large") as alone:
            time.sleep(4)
        with Standstill(lab.instance, "large") as rehearsed:
            done = lab.client.run(words, timeout=300)
        said = done.stdout.splitlines()[-1] if done.stdout else done.stderr
        print(f"{said}: {rehearsed.seconds * 1000:.0f} ms", flush=True)
        rest.append(alone.seconds)
        stood.append(rehearsed.seconds)
    for what, times in (("at rest, for 4 s", rest), ("while it is rehearsed", stood)):
        shown = f"median {statistics.median(times) * 1000:.0f} ms, longest {max(times) * 1000:.0f} ms of {len(times)}"
        print(f"longest standstill of a guest of {LARGE // 1024} GiB {what}: {shown}")


def small(lab: Lab) -> bool:
    """Rehearse guests that have touched as little as they may, and report whether none of them moved."""
    lab.up(["bookworm", "bookworm"])
    source, destination = lab.hosts["host1"], lab.hosts["host2"]
    names = [f"s{number}" for number in range(SMALL)]
    for name in names:
        source.guest(name, memory_mib=MEMORY)
    time.sleep(5)  # until their firmware has halted
    fill(source, TOUCHED)
    words = [PREFLIGHT, "rehearse", *HOSTS, *names, "--yes", "--at-once", str(SMALL), "--format", "json"]
    answers: Counter[str] = Counter()
    moved = 0
    for _ in range(TIMES):
        told = json.loads(lab.client.run(words, timeout=300).stdout)
        answers.update(guest["answer"] for guest in told["guests"])
        here, there = (set(host.run("virsh", "-q", "list", "--name").stdout.split()) for host in (source, destination))
        moved += len(set(names) - here) + len(there)
        print(", ".join(f"{answer}: {count}" for answer, count in answers.items()) + f"; moved: {moved}", flush=True)
    print(f"{SMALL * TIMES} rehearsals of guests of {MEMORY} MiB with {TOUCHED // MIB} MiB of data: {moved} moved")
    return not moved and set(answers) <= {"accepted", "undecided"}


if __name__ == "__main__":
    sys.exit(main())
