"""Small problems."""

from typing import Any

from preflight.placement.answer import Answer, Stay
from preflight.placement.problem import Destination, Guest, Problem, Source

GIB = 1024**2
HOSTS = ("kvm02", "kvm03")


def guest(name: str, gib: float = 4, *, to: tuple[str, ...] = HOSTS, **other: Any) -> Guest:
    """Return an idle guest whose way is READY to these destinations."""
    given: dict[str, Any] = {"memory_kib": int(gib * GIB), "dirty_kib": 0, "ways": dict.fromkeys(to, ())}
    return Guest(name=name, **(given | other))


def host(name: str, gib: float = 64, **other: Any) -> Destination:
    """Return a destination with this much free memory and a link of 10 Gbit/s."""
    given: dict[str, Any] = {"free_kib": int(gib * GIB), "link": 1000.0}
    return Destination(name=name, **(given | other))


def problem(*guests: Guest, to: tuple[Destination, ...] = (), **other: Any) -> Problem:
    """Return the problem to move guests to these destinations, or to two that are large."""
    given: dict[str, Any] = {"source": Source(name="kvm01", link=1000.0)}
    given["destinations"] = to or tuple(map(host, HOSTS))
    return Problem(guests=guests, **(given | other))


def where(answer: Answer) -> dict[str, str]:
    """Return the destination of each guest that leaves."""
    return {move.guest: move.destination for move in answer.moves}


def stay(answer: Answer, name: str) -> Stay:
    """Return why a guest stays."""
    return next(one for one in answer.stays if one.guest == name)
