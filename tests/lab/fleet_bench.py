"""`make bench`: what an audit of 200 live hosts costs.

The hosts are the lab's under many names: an ssh configuration leads each name to one of them. Beside the time of an
audit stands that of `ssh host true` for the same names, so many at a time; beside its processor time, that of asking
alone, which an audit with a single rule shows. sshd's own journal says whether it turned a login away.
FLEET_NAMES, FLEET_WIDTH and FLEET_ROUNDS change how many names, logins at a time, and rounds there are.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from . import Lab
from .bench import PREFLIGHT, environment_of_users, prioritize
from .recipes import ImageName

IMAGES: Final[tuple[ImageName, ...]] = ("bookworm-installed",) * 4
NAMES: Final = int(os.environ.get("FLEET_NAMES", "200"))
WIDTH: Final = int(os.environ.get("FLEET_WIDTH", "10"))
ROUNDS: Final = int(os.environ.get("FLEET_ROUNDS", "3"))
#: The most that an audit may take, as a multiple of the logins, and the most processor time for each host, in ms.
RATIO, OWN = 1.6, 60.0
#: A rule that looks at nothing but the login: what is left is the asking.
_ONE_RULE: Final = "ssh-login-refused"
#: Exit codes of an audit that has judged its ways.
_JUDGED: Final = (0, 1, 3)


class Cost(Struct, frozen=True):
    """What a command has taken, in seconds."""

    wall: float
    #: Processor time of the process itself, and that of the processes that it waited for.
    own: float
    children: float


def main() -> int:
    """Measure, print, and say 1 where a limit is exceeded."""
    with Lab(os.environ.get("PREFLIGHT_LAB", "fleetbench")) as lab:
        lab.up(IMAGES)
        names = name(lab)
        prioritize(lab)
        logins = f"printf '%s\\n' {' '.join(names)} | xargs -P {WIDTH} -I@ ssh -n @ true"
        audit = [PREFLIGHT, "audit", *names, "--width", str(WIDTH), "--format", "concise"]
        rounds = [
            (
                cost(lab, ["sh", "-c", logins], (0,)),
                cost(lab, audit, _JUDGED),
                cost(lab, [*audit, "--jobs", "1"], _JUDGED),
                cost(lab, [*audit, "--jobs", "1", "--select", _ONE_RULE], _JUDGED),
            )
            for _ in range(ROUNDS)
        ]
        turned_away = sum(refused(lab, host) for host in lab.hosts)
        return int(not said(rounds, turned_away))


def name(lab: Lab) -> list[str]:
    """Give each host a guest, and the client a configuration in which many names lead to it; return the names."""
    for host in lab.hosts.values():
        host.guest(f"web-{host.name}")
    places = [f"Host *.{host.name}\n  HostName {host.fqdn}\n" for host in lab.hosts.values()]
    (lab.client.ssh_path / "config").write_text("".join(places))
    hosts = list(lab.hosts)
    return [f"kvm{number + 1:03}.{hosts[number % len(hosts)]}" for number in range(NAMES)]


def cost(lab: Lab, words: Sequence[str], codes: Sequence[int]) -> Cost:
    """Run a command in the client, which must end with one of these codes, and return what it took."""
    began = time.perf_counter()
    with subprocess.Popen(
        [*lab.client.entering(), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=environment_of_users(),
    ) as started:
        os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)  # its numbers go with it
        wall = time.perf_counter() - began
        _, _, numbers = Path(f"/proc/{started.pid}/stat").read_text().rpartition(") ")
    if started.returncode not in codes:
        raise subprocess.CalledProcessError(started.returncode, words[:2])
    # utime, stime, cutime, cstime of proc(5), in ticks
    used = [int(ticks) / os.sysconf("SC_CLK_TCK") for ticks in numbers.split()[11:15]]
    return Cost(wall, sum(used[:2]), sum(used[2:]))


def refused(lab: Lab, host: str) -> int:
    """Return how many connections the host's sshd has turned away."""
    journal = lab.hosts[host].run("journalctl", "--quiet", "--no-pager", "--unit", "ssh").stdout
    return sum("MaxStartups" in line or "drop connection" in line for line in journal.splitlines())


def said(rounds: Sequence[tuple[Cost, ...]], turned_away: int) -> bool:
    """Print the medians, and report whether no limit is exceeded."""
    logins, audits, alone, asking = zip(*rounds, strict=True)
    ratio = statistics.median(one.wall / other.wall for one, other in zip(audits, logins, strict=True))
    own, others = (each_host(getattr(one, field) for one in alone) for field in ("own", "children"))
    asked = each_host(one.own for one in asking)
    print(
        f"{'names, of so many hosts':31s} {NAMES} of {len(IMAGES)}, {WIDTH} at a time, median of {len(rounds)} rounds"
    )
    for what, each in (("ssh host true", logins), ("audit", audits), ("audit with one rule", asking)):
        print(f"{what:31s} {statistics.median(one.wall for one in each):.1f} s")
    print(f"{'the time of an audit over ssh':31s} {ratio:.2f}       at most {RATIO:g}")
    print(f"{'processor time for each host':31s} {own:.0f} ms     at most {OWN:g}; with its ssh {own + others:.0f} ms")
    print(f"{'of which asking':31s} {asked:.0f} ms")
    print(f"{'logins turned away by sshd':31s} {turned_away}")
    return ratio <= RATIO and own <= OWN and not turned_away


def each_host(seconds: Iterable[float]) -> float:
    """Return the median, for each name, in milliseconds."""
    return statistics.median(seconds) / NAMES * 1000


if __name__ == "__main__":
    sys.exit(main())
