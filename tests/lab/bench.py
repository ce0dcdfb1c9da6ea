"""`make bench`: what a check of two hosts costs.

On hosts with few packages: its time beside one `virsh capabilities` of one host, taken in turn; the start of preflight;
and how long a guest stands still at a hand-over. On hosts as Debian installs them: its time beside two bare logins side
by side, the processes that it starts on the hosts, and its time beside virsh's where both hosts are far away.
BENCH_AGAINST names another preflight, of the commit before as it may be, whose times are then taken in turn with this
one's.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from . import Lab, cgroup, delay, hand_over
from .processes import Started

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
HOSTS = ("host1.example.com", "host2.example.com")
ROUNDS = 25
#: The most that a check of both hosts may take, as a multiple of virsh's time for one.
RATIO = 2.0
#: Seconds that `preflight --version` may take beyond an empty Python.
START_UP = 0.15
#: Hand-overs of each preflight, and the most milliseconds by which one may have grown.
HAND_OVERS = 15
GREW = 5.0
#: The most that a check may take as a multiple of two logins side by side, and the most processes that it may start.
LOGINS, PROCESSES = 1.6, 100
#: Seconds of a round trip to a far host, rounds there, and the most that a check may take as a multiple of virsh there.
ROUND_TRIP, FAR_ROUNDS, FAR = 0.1, 5, 1.2
#: Seconds between two commands in which the rest of the machine may go on.
PAUSE = 0.1


def main() -> int:
    """Measure, print, and say 1 where a limit is exceeded."""
    against = os.environ.get("BENCH_AGAINST", "")
    with Lab(os.environ.get("PREFLIGHT_LAB", "bench")) as lab:
        met = [lean(lab, against), start_up()]
        lab.down()
        met.append(installed(lab, against))
    return int(not all(met))


def lean(lab: Lab, against: str) -> bool:
    """Measure hosts with few packages, and report whether no limit is exceeded."""
    lab.up(["bookworm", "bookworm"])
    lab.hosts["host1"].guest("web")
    prioritize(lab)
    times = in_turn(commands(lab, against, "check", "virsh"))
    movers = {"hand-over": [PREFLIGHT, "migrate"]} | ({"hand-over before": [against, "migrate"]} if against else {})
    stood = hand_over.measure(lab, movers, HAND_OVERS)
    say("check of both lean hosts", times["check"])
    say("virsh capabilities of one", times["virsh"])
    if against:
        say("check by the other preflight", times["check before"])
    ratio = ratios(times, "check", "virsh", "the time of a check over virsh's", RATIO)
    for name, each in stood.items():
        print(hand_over.row(name, each))
    grew = statistics.median(stood["hand-over"]) - statistics.median(stood["hand-over before"]) if against else 0.0
    if against:
        print(f"{'hand-over grew by':31s} {grew:.1f} ms   at most {GREW:g} ms")
    return ratio <= RATIO and grew <= GREW


def start_up() -> bool:
    """Measure how soon preflight is there, and how soon its ssh."""
    times = in_turn({"version": [PREFLIGHT, "--version"], "python": [sys.executable, "-c", "pass"]})
    took = statistics.median(times["version"]) - statistics.median(times["python"])
    print(f"{'preflight --version':31s} {took:.3f} s   over python -c pass; at most {START_UP:g} s")
    used = statistics.median(until_ssh() for _ in range(ROUNDS))
    print(f"{'processor time until ssh starts':31s} {used:.3f} s   with that of Python's own start")
    return took <= START_UP


def installed(lab: Lab, against: str) -> bool:
    """Measure hosts as Debian installs them, and report whether no limit is exceeded."""
    lab.up(["bookworm-installed", "bookworm-installed"])
    lab.hosts["host1"].guest("web")
    prioritize(lab)
    measured = commands(lab, against, "check", "logins")
    times = in_turn(measured)
    say("check of both installed hosts", times["check"])
    say("two bare logins side by side", times["logins"])
    if against:
        say("check by the other preflight", times["check before"])
    ratio = ratios(times, "check", "logins", "the time of a check over that", LOGINS)
    checked, logged_in = (processes(lab, measured[name]) for name in ("check", "logins"))
    print(
        f"{'processes started on hosts':31s} {sum(checked):d}       {' and '.join(map(str, checked))}; at most "
        f"{PROCESSES}, of which {sum(logged_in)} are those of two bare logins"
    )
    with far(lab):
        away = in_turn(commands(lab, against, "check", "virsh", "logins"), FAR_ROUNDS)
    say(f"check at {ROUND_TRIP * 1000:.0f} ms round trip", away["check"])
    say("virsh capabilities of one there", away["virsh"])
    say("two bare logins there", away["logins"])
    if against:
        say("check by the other preflight", away["check before"])
    distant = ratios(away, "check", "virsh", "the time of a far check over virsh's", FAR)
    return ratio <= LOGINS and sum(checked) <= PROCESSES and distant <= FAR


def commands(lab: Lab, against: str, *names: str) -> dict[str, Sequence[str]]:
    """Return the commands of these names, that of the other preflight if there is one, and one that does nothing."""
    logins = " & ".join(f"ssh {host} true" for host in HOSTS)
    every = {
        "check": [PREFLIGHT, "check", *HOSTS],
        "virsh": ["virsh", "-c", f"qemu+ssh://root@{HOSTS[0]}/system", "capabilities"],
        "logins": ["sh", "-c", f"{logins}; wait"],
    }
    chosen = {name: every[name] for name in names}
    other = {"check before": [against, "check", *HOSTS]} if against else {}
    return {name: [*lab.client.entering(), *words] for name, words in (chosen | other | {"entering": ["true"]}).items()}


def say(what: str, times: Sequence[float]) -> None:
    """Print the median of some times."""
    print(f"{what:31s} {statistics.median(times):.3f} s   median of {len(times)} rounds")


def ratios(times: Mapping[str, Sequence[float]], one: str, other: str, what: str, most: float) -> float:
    """Print the median of the rounds' ratios, and the bounds between which half of them are; return the median."""
    each = sorted(mine / theirs for mine, theirs in zip(times[one], times[other], strict=True))
    ratio = statistics.median(each)
    low, high = each[len(each) // 4], each[-1 - len(each) // 4]
    print(f"{what:31s} {ratio:.2f}      {low:.2f} to {high:.2f} in half of {len(each)} rounds; at most {most:g}")
    return ratio


def processes(lab: Lab, command: Sequence[str]) -> list[int]:
    """Return the number of processes that each host starts for a command."""
    with Started(lab) as started:
        run(command)
    return list(started.processes.values())


@contextlib.contextmanager
def far(lab: Lab) -> Iterator[None]:
    """Have every login of the client take the way of `delay`."""
    config = lab.client.ssh_path / "config"
    config.write_text(f"Host *\n  ProxyCommand {sys.executable} -S -E {delay.__file__} {ROUND_TRIP} %h %p\n")
    try:
        yield
    finally:
        config.unlink()


def until_ssh() -> float:
    """Return the seconds of processor time that `preflight check` has used when ssh starts, on this machine alone."""
    with tempfile.TemporaryDirectory() as directory:
        ssh = Path(directory, "ssh")
        ssh.write_text(
            '#!/bin/sh\nread -r used _ < "/proc/$PPID/schedstat"; echo "$used" >> "${0%/*}/used"; exit 255\n'
        )
        ssh.chmod(0o700)
        environment = {**environment_of_users(), "PATH": f"{directory}:{os.environ['PATH']}"}
        subprocess.run([PREFLIGHT, "check", *HOSTS], capture_output=True, check=False, env=environment)
        return min(map(int, Path(directory, "used").read_text().split())) / 1e9


def prioritize(lab: Lab) -> None:
    """Put the lab and all that is started from here before the machine's other work; say so where that fails."""
    if not put_before_all_else(lab):
        print("the rest of the machine was not kept from disturbing: no real-time scheduling is allowed here")


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


def environment_of_users() -> dict[str, str]:
    """Return this process's environment without what keeps Python from using its compiled files."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(command: Sequence[str]) -> float:
    """Run a command, which must succeed, and return the seconds that it took."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment_of_users())
    return time.perf_counter() - began


def in_turn(named: Mapping[str, Sequence[str]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Seconds that each command took, run one after the other so many times, after one round that does not count.

    The time that it takes to enter the client, in "entering", is not that of a command.
    """
    times: dict[str, list[float]] = {name: [] for name in named}
    for round_ in range(rounds + 1):
        for name, command in named.items():
            took = run(command)
            if round_:
                times[name].append(took)
            time.sleep(PAUSE)
    entering = statistics.median(times.pop("entering")) if "entering" in times else 0.0
    return {name: [seconds - entering for seconds in each] for name, each in times.items()}


if __name__ == "__main__":
    sys.exit(main())
