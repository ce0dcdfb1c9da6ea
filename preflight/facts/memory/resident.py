"""How much memory the QEMU of each guest holds, asked for only where the time that a migration takes decides."""

import re
from collections.abc import Mapping
from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable

_LINE = re.compile(r"resident (\d{1,18}) (.*)", re.ASCII)
#: KiB that a QEMU holds for itself: 7.2 and 10.0 on the lab held 38 MiB more than their guests had touched.
OWN_KIB = 38 * 1024


class Resident(Fact, frozen=True, kw_only=True):
    """KiB by guest, of QEMU's own memory and of what the guest has touched of its."""

    kib: Mapping[str, int]
    #: Why the host did not answer; None when it did.
    error: str | None = None

    def touched(self, guest: str) -> int:
        """About how many KiB of its memory the guest has touched; raises `Unreadable` when that was not told."""
        if guest not in self.kib:
            raise Unreadable(
                f"it is unknown how much memory {guest} has touched: {self.error or 'its QEMU was not found'}"
            )
        return max(0, self.kib[guest] - OWN_KIB)

    @classmethod
    def parse(cls, resident: Record) -> Self:
        """Read the answer to `questions.resident`; without one the reason is kept."""
        try:
            text = resident.required()
        except Unreadable as why:
            return cls(kib={}, error=str(why))
        found = filter(None, map(_LINE.fullmatch, text.splitlines()))
        return cls(kib={one[2]: int(one[1]) for one in found})
