"""Reads a problem and an answer as JSON and finds each constraint that the answer breaks. Imports nothing of preflight.

`room` and `conflicts` are the same reading of what a destination can take, for the bound and for explanations.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise

from .generate import Json


def use(guest: Json) -> dict[str, int]:
    """Return what a guest takes for good: disks, and if it runs memory, pages by size and vCPUs."""
    taken = {"disk": guest["disk_bytes"]}
    if guest["active"]:
        taken |= {"memory": guest["memory_kib"], "cpus": guest["vcpus"]}
        for size, kib in guest["huge_kib"].items():
            taken[f"pages {size}"] = math.ceil(kib / int(size))
    return taken


def room(host: Json, resource: str) -> float:
    """Return how much a destination has."""
    if resource == "memory":
        return float(max(0, host["free_kib"] - host["reserve_kib"]))
    if resource == "cpus":
        ratio = host["overcommit"]
        return math.inf if ratio is None else max(0, int(ratio * host["cpus"] + 1e-6) - host["vcpus"])
    if resource == "disk":
        return math.inf if host["disk_bytes"] is None else float(host["disk_bytes"])
    return float(host["free_pages"].get(resource.split()[1], 0))


def may_go(problem: Json, guest: Json, host: Json) -> bool:
    """Report whether the way is READY, not pinned elsewhere, and takes a migration at all."""
    if guest["ways"].get(host["name"], ["not judged"]) or problem["source"]["width"] == 0 or host["width"] == 0:
        return False
    if guest["active"] and host["ports"] is not None and host["ports"] < problem["ports_each"]:
        return False
    return bool(problem["pins"].get(guest["name"], host["name"]) == host["name"])


def broken(problem: Json, to: dict[str, str]) -> Iterator[str]:
    """Yield each constraint that is broken if these guests are where `to` has them."""
    hosts = {host["name"]: host for host in problem["destinations"]}
    guests = {guest["name"]: guest for guest in problem["guests"]}
    for name, host in to.items():
        if not may_go(problem, guests[name], hosts[host]):
            yield f"{name} may not go to {host}"
    for host in hosts.values():
        here = [guests[name] for name, where in to.items() if where == host["name"]]
        for resource in {resource for guest in here for resource in use(guest)}:
            taken = sum(use(guest).get(resource, 0) for guest in here)
            if taken > room(host, resource):
                yield f"{host['name']} has {room(host, resource)} of {resource}, and {taken} is taken"
    at = {name: host["name"] for host in hosts.values() for name in host["guests"]} | to
    for group in problem["apart"]:
        places = [at[name] for name in group["guests"] if name in at]
        if len(set(places)) < len(places):
            yield f"{group['text']} is broken"
    for group in problem["together"]:
        if any(name in to for name in group["guests"]) and len({at.get(name) for name in group["guests"]}) > 1:
            yield f"{group['text']} is broken"


def broken_by(problem: Json, answer: Json) -> Iterator[str]:
    """Yield each constraint that an answer breaks, those in time among them."""
    names = sorted([move["guest"] for move in answer["moves"]] + [stay["guest"] for stay in answer["stays"]])
    if names != sorted(guest["name"] for guest in problem["guests"]):
        yield "the answer is not about each guest once"
    yield from broken(problem, {move["guest"]: move["destination"] for move in answer["moves"]})
    active = {guest["name"] for guest in problem["guests"] if guest["active"]}
    for host in problem["destinations"]:
        moves = [move for move in answer["moves"] if move["destination"] == host["name"]]
        yield from _in_time(host, moves, answer["widths"].get(host["name"], 0))
        if host["ports"] is not None:
            running = [move for move in moves if move["guest"] in active]
            if _most_at_once(running) * problem["ports_each"] > host["ports"]:
                yield f"{host['name']} has too few ports"
    yield from _in_time(problem["source"], answer["moves"], answer["width"])


def _in_time(end: Json, moves: list[Json], width: int) -> Iterator[str]:
    if moves and end["width"] is not None and width > end["width"]:
        yield f"{end['name']} is {width} wide"
    if _most_at_once(moves) > width:
        yield f"more than {width} at once at {end['name']}"
    starts = sorted(move["start"] for move in moves if move["start"] is not None)
    if any(later - sooner < end["spacing"] - 1e-6 for sooner, later in pairwise(starts)):
        yield f"two start too soon after one another at {end['name']}"


def _most_at_once(moves: Iterable[Json]) -> int:
    timed = [(move["start"], move["end"]) for move in moves if move["end"] is not None]
    changes = sorted([(end - 1e-6, -1) for _, end in timed] + [(start, 1) for start, _ in timed])
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most
