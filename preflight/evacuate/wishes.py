"""The wishes of an evacuation about the placement of guests, as its options express them."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from preflight.errors import UserError
from preflight.placement.problem import Group

_RESERVE = re.compile(r"(\d{1,3})%|(\d{1,9})(MiB|GiB|M|G)", re.ASCII)
_KIB = {"M": 1024, "MiB": 1024, "G": 1024**2, "GiB": 1024**2}


class Wishes(Struct, frozen=True, kw_only=True):
    """What the user wants of the placement, besides that every guest leaves. The window is in seconds."""

    #: Memory of each destination that stays free: a percentage of it, or an amount, as typed; None for no reserve.
    reserve: str | None = None
    #: The most virtual CPUs for each CPU of a destination; None for no limit.
    overcommit: float | None = None
    #: Guests that must not be on the same destination, or must be on the same one; each group by names.
    apart: tuple[tuple[str, ...], ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    window: float | None = None
    #: MiB/s that the source's link carries; None if its driver says so.
    link: float | None = None
    #: Numbers by which destinations are preferred where several would do equally well, by name; 1 unless named.
    weights: Mapping[str, float] = {}

    def reserve_of(self, total_kib: int | None) -> int:
        """Return the KiB that a destination with so much memory keeps free; a percentage needs to know how much."""
        if self.reserve is None:
            return 0
        percent, amount = parsed_reserve(self.reserve)
        return amount if percent is None else (total_kib or 0) * percent // 100

    def among(self, names: Collection[str]) -> Self:
        """Return the wishes without the other guests of its groups."""
        kept = [
            tuple(group for one in groups if len(group := tuple(name for name in one if name in names)) > 1)
            for groups in (self.apart, self.together)
        ]
        return replace(self, apart=kept[0], together=kept[1])

    def groups(self, option: str, groups: Sequence[tuple[str, ...]]) -> tuple[Group, ...]:
        """Return groups of guests with the option that named each."""
        return tuple(Group(guests=names, text=f"{option} {','.join(names)}") for names in groups)


def parsed_reserve(text: str) -> tuple[int | None, int]:
    """Return the percentage of a reserve, or None and its KiB; raises `UserError`."""
    found = _RESERVE.fullmatch(text.strip())
    if found is None or (found[1] is not None and int(found[1]) > 99):
        raise UserError(f"--reserve-memory: {text!r} is neither a percentage such as 10% nor an amount such as 8GiB")
    if found[1] is not None:
        return int(found[1]), 0
    return None, int(found[2]) * _KIB[found[3]]


def parsed_group(option: str, text: str) -> tuple[str, ...]:
    """Return the guests of a group, which commas separate; raises `UserError` for fewer than two."""
    names = tuple(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))
    if len(names) < 2:
        raise UserError(f"{option}: {text!r} does not name two guests, separated by a comma: name at least two")
    return names
