"""Amounts of resources, and lists of names, in words."""

from collections.abc import Iterable

from preflight.placement.answer import Constraint
from preflight.units import KIB

_UNITS = ("KiB", "MiB", "GiB", "TiB")


def amount(constraint: Constraint, number: int, page_kib: int | None = None, *, more: bool = False) -> str:
    """Return an amount of a resource in words, as "12 GiB of memory", or if `more` "12 GiB more memory"."""
    if constraint in (Constraint.MEMORY, Constraint.DISK):
        size = kib(number if constraint is Constraint.MEMORY else -(-number // KIB))
        return f"{size} {'more' if more else 'of'} {constraint}"
    words = {Constraint.PAGES: "huge page", Constraint.CPUS: "vCPU", Constraint.PORTS: "free port"}
    said = words.get(constraint, "migration") + ("" if number == 1 else "s")
    of_size = f" of {kib(page_kib)}" if page_kib else ""
    return f"{number} {'more ' if more else ''}{said}{of_size}"


def left_of(constraint: Constraint, number: int) -> str:
    """Return what is left of a resource, rounded down, as "4 GiB" or "3"."""
    if constraint in (Constraint.MEMORY, Constraint.DISK):
        return kib(number if constraint is Constraint.MEMORY else number // KIB, up=False)
    return str(number)


def kib(number: int, *, up: bool = True) -> str:
    """Return a size, given in KiB, in the largest unit in which it has at least 1, with at most one decimal.

    What is needed or lacking is rounded up, so that it is enough, and what there is down.
    """
    place = 0
    while place + 1 < len(_UNITS) and number >= KIB ** (place + 1):
        place += 1
    tenths = -(-number * 10 // KIB**place) if up else number * 10 // KIB**place
    return f"{tenths // 10}{f'.{tenths % 10}' if tenths % 10 else ''} {_UNITS[place]}"


def of(names: Iterable[str]) -> str:
    """Return names as a list, as "a, b and c"."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last
