"""`make bench`: how long a check of two hosts takes, beside one `virsh capabilities` of one host, taken in turn.

And how long a guest stands still at a hand-over. BENCH_AGAINST names another preflight, of the commit before as it may
be, whose times are then taken in turn with this one's.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from . import Lab, cgroup, hand_over

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
ROUNDS = 25
#: The most that a check of both hosts may take, as a multiple of virsh's time for one.
RATIO = 2.0
#: Seconds that `preflight --version` may take beyond an empty Python.
START_UP = 0.15
#: Hand-overs of each preflight, and the most milliseconds by which one may have grown.
HAND_OVERS = 15
GREW = 5.0
#: Seconds between two commands in which the rest of the machine may go on.
PAUSE = 0.1


def main() -> int:
    """Measure, print, and say 1 where a limit is exceeded."""
    with Lab(os.environ.get("PREFLIGHT_LAB", "bench")) as lab:
        lab.up(["bookworm", "bookworm"])
        lab.hosts["host1"].guest("web")
        check = [*lab.client.entering(), PREFLIGHT, "check", "host1.example.com", "host2.example.com"]
        virsh = [*lab.client.entering(), "virsh", "-c", "qemu+ssh://root@host1.example.com/system", "capabilities"]
        nothing = [*lab.client.entering(), "true"]
        alone = put_before_all_else(lab)
        against = os.environ.get("BENCH_AGAINST", "")
        other = {"check before": [*lab.client.entering(), against, *check[-3:]]} if against else {}
        times = in_turn({"check": check, **other, "virsh": virsh, "entering the client": nothing})
        movers = {"hand-over": [PREFLIGHT, "migrate"]} | ({"hand-over before": [against, "migrate"]} if against else {})
        stood = hand_over.measure(lab, movers, HAND_OVERS)
    version = in_turn({"version": [PREFLIGHT, "--version"], "python": [sys.executable, "-c", "pass"]})
    entering = statistics.median(times["entering the client"])
    mine, theirs = ([seconds - entering for seconds in times[name]] for name in ("check", "virsh"))
    ratios = sorted(check / virsh for check, virsh in zip(mine, theirs, strict=True))
    ratio = statistics.median(ratios)
    start_up = statistics.median(version["version"]) - statistics.median(version["python"])
    print(f"preflight check of both hosts   {statistics.median(mine):.3f} s   median of {ROUNDS} rounds")
    print(f"virsh capabilities of one host  {statistics.median(theirs):.3f} s   likewise, in turn with it")
    print(f"ratio                           {ratio:.2f}      median of the rounds' ratios; at most {RATIO:g}")
    print(
        f"                                {ratios[ROUNDS // 4]:.2f} to {ratios[-1 - ROUNDS // 4]:.2f} in half of them"
    )
    print(f"preflight --version             {start_up:.3f} s   over python -c pass; at most {START_UP:g} s")
    if against:
        before = [seconds - entering for seconds in times["check before"]]
        print(f"preflight check, that before    {statistics.median(before):.3f} s   in turn with it")
    for name, each in stood.items():
        print(hand_over.row(name, each))
    grew = statistics.median(stood["hand-over"]) - statistics.median(stood["hand-over before"]) if against else 0.0
    if against:
        print(f"hand-over grew by               {grew:.1f} ms   at most {GREW:g} ms")
    if not alone:
        print("the rest of the machine was not kept from disturbing: no real-time scheduling is allowed here")
    return int(ratio > RATIO or start_up > START_UP or grew > GREW)


def put_before_all_else(lab: Lab) -> bool:
    """Have the lab's hosts and all that is started from here run before the machine's other work; say if it worked.

    On a busy machine a check, which keeps both its processors busy, would lose more than virsh, which cannot.
    """
    own = [pid for pid in cgroup.processes(lab.instance.group) if not _name(pid).startswith("qemu")]
    try:
        for pid in (os.getpid(), *own):
            for thread in Path(f"/proc/{pid}/task").glob("*"):
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setscheduler(int(thread.name), os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        return False
    return True


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


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
            time.sleep(PAUSE)
    return times


if __name__ == "__main__":
    sys.exit(main())
