"""Resident memory of each guest's QEMU, collected only if the duration of a migration matters."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable

_LINE = re.compile(r"resident (\d{1,18}) (.*)", re.ASCII)
#: KiB that QEMU itself uses: 7.2 and 10.0 in the lab held 38 MiB more than their guests had touched.
OWN_KIB = 38 * 1024


class Resident(Fact, frozen=True, kw_only=True):
    """Resident memory in KiB by guest: QEMU's own memory and the guest memory that was touched."""

    kib: Mapping[str, int]
    #: Reason why the host did not answer, or None.
    error: str | None = None

    def touched(self, guest: str) -> int:
        """Estimate the memory that the guest has touched, in KiB; raises `Unreadable` if that is unknown."""
        if guest not in self.kib:
            raise Unreadable(
                f"it is unknown how much memory {guest} has touched: {self.error or 'its QEMU was not found'}"
            )
        return max(0, self.kib[guest] - OWN_KIB)

    @classmethod
    def parse(cls, resident: Annotated[Record, OPTIONAL]) -> Self:
        """Parse the answer to `questions.resident`; without one, keep the reason."""
        try:
            text = resident.required()
        except Unreadable as why:
            return cls(kib={}, error=str(why))
        found = filter(None, map(_LINE.fullmatch, text.splitlines()))
        return cls(kib={one[2]: int(one[1]) for one in found})
