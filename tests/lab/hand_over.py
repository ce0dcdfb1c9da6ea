"""The downtime of a guest at a hand-over, from the times at which both hosts' libvirt report its stop and its start."""

import re
import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime

from .host import LabHost
from .interleavings.happenings import Happenings
from .lab import Lab

GUEST = "web"
_EVENT = re.compile(rf"^(\S+ \S+): event 'lifecycle' for domain '{GUEST}': (\w+)", re.MULTILINE)


def measure(lab: Lab, commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds between the guest's stop on one host and its start on the other, by the name of the command.

    The commands are `preflight migrate` with its options, without hosts; they move the guest in turn, to and fro, after
    one round that does not count. Both hosts share the machine's clock.
    """
    here, there = lab.hosts["host1"], lab.hosts["host2"]
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            stood = _one(lab, command, here, there)
            here, there = there, here
            if number:
                times[name].append(stood)
    return times


def row(name: str, times: Sequence[float]) -> str:
    """Return the median, and the bounds between which half of them are."""
    ordered = sorted(times)
    low, high = ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]
    return (
        f"{name:31s} {statistics.median(ordered):.1f} ms   {low:.1f} to {high:.1f} in half of {len(ordered)} hand-overs"
    )


def _one(lab: Lab, command: Sequence[str], source: LabHost, destination: LabHost) -> float:
    hosts = [f"{host.name}.example.com" for host in (source, destination)]
    with Happenings(source) as here, Happenings(destination) as there:
        done = lab.client.run([*command, *hosts, GUEST, "--yes"])
    assert done.returncode == 0, done.stdout + done.stderr
    stopped = [at for at, what in _events(here) if what == "Suspended"]
    started = [at for at, what in _events(there) if what == "Resumed"]
    return (started[-1] - stopped[0]) * 1000


def _events(happened: Happenings) -> list[tuple[float, str]]:
    return [(datetime.fromisoformat(at).timestamp(), what) for at, what in _EVENT.findall(happened.text)]
