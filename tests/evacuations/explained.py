"""Tries what an answer says would let a guest go, on the problem as JSON. Imports nothing of preflight."""

import copy
from collections.abc import Iterator

from .constraints import broken
from .generate import Json

#: Relief that is tried for each guest that stays.
TRIED = 3


def wrong_reliefs(problem: Json, answer: Json) -> Iterator[str]:
    """Yield each relief with which the guest cannot go after all, or that removes what is not in the way."""
    to = {move["guest"]: move["destination"] for move in answer["moves"]}
    for stay in answer["stays"]:
        for relief in stay["reliefs"][:TRIED]:
            partners = _partners(problem, stay["guest"], relief)
            after = to | dict.fromkeys(partners, relief["destination"])
            if not [*broken(problem, after)]:
                yield f"{stay['guest']} could go to {relief['destination']} as it is"
            mended = copy.deepcopy(problem)
            for change in relief["changes"]:
                _mend(mended, partners, relief["destination"], change)
            yield from (f"{stay['guest']}, {relief['text']}: {one}" for one in broken(mended, after))


def _partners(problem: Json, name: str, relief: Json) -> set[str]:
    """Return the guest, and those that have to be with it unless the relief says otherwise."""
    known = {guest["name"] for guest in problem["guests"]}
    found = {name}
    loosened = " ".join(change["without"] or "" for change in relief["changes"])
    for _ in problem["together"]:
        for group in problem["together"]:
            if found.intersection(group["guests"]) and group["text"] not in loosened:
                found |= known.intersection(group["guests"])
    return found


def _mend(problem: Json, names: set[str], name: str, change: Json) -> None:
    """Remove an obstacle."""
    host = next(one for one in problem["destinations"] if one["name"] == name)
    lacks = (change["needs"] or 0) - (change["left"] or 0)
    guests = [guest for guest in problem["guests"] if guest["name"] in names]
    kind = change["constraint"]
    if kind == "memory":
        host["free_kib"] = max(host["free_kib"], host["reserve_kib"]) + lacks
    elif kind == "huge pages":
        size = str(change["page_kib"])
        host["free_pages"][size] = host["free_pages"].get(size, 0) + lacks
    elif kind == "CPUs":
        host["vcpus"] = min(host["vcpus"], int(host["overcommit"] * host["cpus"] + 1e-6)) - lacks
    elif kind == "disk space":
        host["disk_bytes"] += lacks
    elif kind == "ports":
        host["ports"] += lacks
    elif kind == "width":
        (host if change["destination"] else problem["source"])["width"] = 1
    elif kind == "way":
        for guest in guests:
            guest["ways"][name] = []
    elif kind == "pin":
        for guest in guests:
            problem["pins"].pop(guest["name"], None)
    else:
        groups = problem["apart" if kind == "keep apart" else "together"]
        groups[:] = [group for group in groups if group["text"] not in change["without"]]
