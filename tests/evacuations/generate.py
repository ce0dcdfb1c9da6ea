"""Generates evacuations as JSON values, from a seed. Imports nothing of preflight.

A plan is drawn first, and the hosts' room is made for it, so that all guests can leave. One that is to be infeasible is
then broken in a way that is known.
"""

import random
from collections.abc import Callable
from typing import Any

GIB = 1024**2  # in KiB
#: Link speeds in MiB/s that memory gets of 1, 10, 25, 40 and 100 Gbit/s.
SPEEDS = (112.0, 1120.0, 2801.0, 4482.0, 11206.0)

#: A generated problem, or a part of it.
Json = dict[str, Any]


class Draw:
    """One evacuation that is being drawn."""

    def __init__(self, seed: int, guests: int, hosts: int) -> None:
        self.random = random.Random(f"evacuation {seed}")
        self.hosts = [f"kvm{number:02}" for number in range(1, hosts + 1)]
        self.plan: dict[str, str] = {}
        self.guests = [self._guest(number) for number in range(guests)]
        self.apart: list[Json] = []
        self.together: list[Json] = []
        self.residents = {name: [f"{name}-old{n}" for n in range(self.random.randint(0, 3))] for name in self.hosts}

    def problem(self) -> Json:
        """Return a problem that has an answer with which all leave."""
        draw = self.random
        speed = draw.choice(SPEEDS[:4])
        self._kinds()
        self._groups()
        for guest in self.guests:
            ready = [name for name in self.hosts if name == self.plan[guest["name"]] or draw.random() < 0.92]
            refused = ["the CPU model is not supported"], ["a disk is not shared", "the network br1 is missing"]
            guest["ways"] = {name: [] if name in ready else draw.choice(refused) for name in self.hosts}
        slack = draw.uniform(1.02, 1.4)
        return {
            "source": self._end("kvm00", speed, most=32),
            "destinations": [self._destination(name, speed, slack) for name in self.hosts],
            "guests": self.guests,
            "apart": self.apart,
            "together": self.together,
            "pins": {g["name"]: self.plan[g["name"]] for g in self.guests if draw.random() < 0.01},
            "ports_each": draw.choice((1, 1, 2)),
            "window": draw.choice((None, 600.0, 1800.0, 7200.0)),
        }

    def _guest(self, number: int) -> Json:
        draw = self.random
        memory = draw.choices((1, 2, 4, 8, 16, 32, 64, 128), (6, 12, 24, 24, 18, 10, 5, 1))[0] * GIB
        dirty = draw.choices((None, 0, 5, 30, 90, 4000), (10, 20, 40, 22, 7, 1))[0]
        name = f"vm{number:03}"
        self.plan[name] = draw.choice(self.hosts)
        return {
            "name": name,
            "uuid": f"{number:032x}",
            "active": draw.random() < 0.93,
            "memory_kib": memory + draw.choice((0, 0, 0, 65536, 1234)),
            "huge_kib": {},
            "touched_kib": int(memory * draw.uniform(0.2, 1.0)),
            "dirty_kib": None if dirty is None else int(dirty * 1024 * draw.uniform(0.5, 1.2)),
            "vcpus": draw.choice((1, 2, 2, 4, 4, 8, 16)),
            "disk_bytes": 0,
            "weight": draw.choice((1, 1, 1, 1, 3)),
        }

    def _kinds(self) -> None:
        """Give some guests huge pages, or disks that are copied; or make many of them alike."""
        draw = self.random
        if draw.random() < 0.2:
            size = draw.choice((2048, GIB))
            for guest in draw.sample(self.guests, len(self.guests) // 3):
                guest["huge_kib"] = {str(size): guest["memory_kib"] // GIB * GIB}
                guest["memory_kib"] = 0
        if draw.random() < 0.1:
            for guest in draw.sample(self.guests, len(self.guests) // 4):
                guest["disk_bytes"] = draw.choice((5, 10, 20)) * 1024**3
        if draw.random() < 0.25:
            like = draw.choice(self.guests)
            for guest in draw.sample(self.guests, len(self.guests) * 3 // 4):
                guest |= {key: value for key, value in like.items() if key not in {"name", "uuid"}}

    def _groups(self) -> None:
        """Group guests as the plan has them."""
        draw = self.random
        for number in range(draw.randint(0, 5)):
            on = {self.plan[one["name"]]: one["name"] for one in draw.sample(self.guests, min(6, len(self.guests)))}
            names = [*on.values()][: draw.randint(2, 6)]
            others = [name for host in self.hosts if host not in on for name in self.residents[host]]
            names += others[:1] if number % 2 else []
            if len(names) > 1:
                self.apart.append({"guests": names, "text": f"--keep-apart {','.join(names)}"})
        for _ in range(draw.randint(0, 3)):
            host = draw.choice(self.hosts)
            parted = {name for group in self.apart for name in group["guests"]}
            on_host = [name for name, to in self.plan.items() if to == host and name not in parted]
            if len(on_host) > 1:
                names = draw.sample(on_host, 2) + self.residents[host][: draw.randint(0, 1)]
                self.together.append({"guests": names, "text": f"--keep-together {','.join(names)}"})

    def _end(self, name: str, speed: float, most: int) -> Json:
        draw = self.random
        spaced = draw.random() < 0.05
        return {
            "name": name,
            "link": speed,
            "width": draw.choice((None, most, most // 2, most // 4, max(1, most // 8))),
            "width_because": "max_workers",
            "spacing": draw.choice((1.0, 3.0)) if spaced else 0.0,
            "spacing_because": "firewall rate, ssh" if spaced else "",
        }

    def _destination(self, name: str, speed: float, slack: float) -> Json:
        draw = self.random
        here = [guest for guest in self.guests if self.plan[guest["name"]] == name]
        running = [guest for guest in here if guest["active"]]
        reserve = draw.choice((0, 4 * GIB, 16 * GIB))
        pages: dict[str, int] = {}
        for guest in self.guests:
            pages |= dict.fromkeys(guest["huge_kib"], 0)
        for guest in running:
            for size, kib in guest["huge_kib"].items():
                pages[size] += -(-kib // int(size))
        cpus, old = draw.choice((32, 64, 128)), draw.randint(0, 64)
        vcpus = sum(guest["vcpus"] for guest in running)
        disks = sum(guest["disk_bytes"] for guest in here)
        return self._end(name, draw.choice((speed, speed, *SPEEDS[1:4])), most=16) | {
            "free_kib": int(sum(guest["memory_kib"] for guest in running) * slack) + reserve,
            "reserve_kib": reserve,
            "free_pages": {size: int(number * slack) + 1 for size, number in pages.items()},
            "cpus": cpus,
            "vcpus": old,
            "overcommit": draw.choice((None, round((vcpus * slack + old) / cpus + 0.01, 2))),
            "ports": draw.choice((None, 64, 64, 6)),
            "disk_bytes": draw.choice((None, int(disks * slack))),
            "guests": self.residents[name],
            "weight": 1.0,
        }


def feasible(seed: int) -> Json:
    """Return an evacuation with which all guests can leave."""
    draw = random.Random(f"size {seed}")
    hosts = draw.randint(1, 20)
    return Draw(seed, draw.choice((3, 10, 20, 40, 80, 150, 300)), hosts).problem()


def infeasible(seed: int) -> tuple[Json, str]:
    """Return an evacuation with which not all guests can leave, and the constraint that is in the way."""
    problem, draw = feasible(seed), random.Random(f"broken {seed}")
    breaks = list(BREAKS.items())
    for name, broken in breaks[seed % len(breaks) :] + breaks:
        if broken(problem, draw):
            return problem, name
    raise AssertionError("nothing could be broken")


def _victim(problem: Json, draw: random.Random) -> Json:
    """Return a guest that runs, which is made to."""
    guest: Json = draw.choice(problem["guests"])
    guest["active"] = True
    return guest


def _memory(problem: Json, draw: random.Random) -> bool:
    """Take so much memory away that not all find some."""
    need = sum(guest["memory_kib"] for guest in problem["guests"] if guest["active"])
    for one in problem["destinations"]:
        one["free_kib"] = one["reserve_kib"] + int((one["free_kib"] - one["reserve_kib"]) * 0.6)
    return bool(need > sum(one["free_kib"] - one["reserve_kib"] for one in problem["destinations"]))


def _too_large(problem: Json, draw: random.Random) -> bool:
    _victim(problem, draw)["memory_kib"] = 1 + max(one["free_kib"] for one in problem["destinations"])
    return True


def _pages(problem: Json, draw: random.Random) -> bool:
    _victim(problem, draw)["huge_kib"] = {"1048576": 4 * GIB}
    for one in problem["destinations"]:
        one["free_pages"]["1048576"] = 3
    return True


def _cpus(problem: Json, draw: random.Random) -> bool:
    need = sum(guest["vcpus"] for guest in problem["guests"] if guest["active"])
    there = need // len(problem["destinations"])
    for one in problem["destinations"]:
        one |= {"cpus": 16, "overcommit": max(0.01, round((one["vcpus"] + there * 0.7) / 16, 3))}
    return bool(need > 0)


def _disks(problem: Json, draw: random.Random) -> bool:
    for one in problem["destinations"]:
        one["disk_bytes"] = 10**9 if one["disk_bytes"] is None else one["disk_bytes"]
    most = max(one["disk_bytes"] for one in problem["destinations"])
    _victim(problem, draw)["disk_bytes"] = most + 1
    return True


def _way(problem: Json, draw: random.Random) -> bool:
    ways = _victim(problem, draw)["ways"]
    ways |= {name: ["a device of the host"] for name in ways}
    return True


def _width(problem: Json, draw: random.Random) -> bool:
    guest = _victim(problem, draw)
    for one in problem["destinations"][1:]:
        guest["ways"][one["name"]] = ["a device of the host"]
    problem["destinations"][0]["width"] = 0
    guest["ways"][problem["destinations"][0]["name"]] = []
    return True


def _ports(problem: Json, draw: random.Random) -> bool:
    guest = _victim(problem, draw)
    for one in problem["destinations"]:
        if guest["ways"][one["name"]] == []:
            one["ports"] = 0
    return True


def _apart(problem: Json, draw: random.Random) -> bool:
    """Keep more apart than there are hosts, none of which has to be with another."""
    bound = {name for group in problem["together"] for name in group["guests"]}
    free = [guest for guest in problem["guests"] if guest["name"] not in bound]
    names = [guest["name"] for guest in free[: len(problem["destinations"]) + 1]]
    problem["apart"] = [{"guests": names, "text": f"--keep-apart {','.join(names)}"}]
    return len(names) > len(problem["destinations"])


def _together(problem: Json, draw: random.Random) -> bool:
    """Keep two together of which one is to be with a guest that is nowhere the other may go."""
    if len(problem["destinations"]) < 2 or len(problem["guests"]) < 2:
        return False
    one, other = draw.sample(problem["guests"], 2)
    first, second = (host["name"] for host in problem["destinations"][:2])
    for guest, host in ((one, first), (other, second)):
        guest["ways"] = {name: [] if name == host else ["a device of the host"] for name in guest["ways"]}
        problem["pins"].pop(guest["name"], None)
    names = [one["name"], other["name"]]
    problem["together"].append({"guests": names, "text": f"--keep-together {','.join(names)}"})
    return True


def _pin(problem: Json, draw: random.Random) -> bool:
    guest, host = _victim(problem, draw), draw.choice(problem["destinations"])
    problem["pins"][guest["name"]] = host["name"]
    guest["ways"][host["name"]] = ["the machine type is missing"]
    return True


#: By the constraint as the answer names it; "larger" is memory too, of one guest that fits nowhere.
BREAKS: dict[str, Callable[[Json, random.Random], bool]] = {
    "memory": _memory,
    "larger": _too_large,
    "huge pages": _pages,
    "CPUs": _cpus,
    "disk space": _disks,
    "way": _way,
    "width": _width,
    "ports": _ports,
    "keep apart": _apart,
    "keep together": _together,
    "pin": _pin,
}
