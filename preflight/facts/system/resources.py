"""Devices, sockets, files, programs and kernel settings of a host that only some guests or options need."""

import re
from collections.abc import Mapping
from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable

_HAS = re.compile(r"has ([-a-z0-9_./]{1,64})")
_VALUE = re.compile(r"value (/[-a-z0-9_./]{1,64}) ?(.{0,256})")


class Resources(Fact, frozen=True, kw_only=True):
    """Resources out of a fixed list, which questions.sh has in `resources`."""

    #: Paths that exist, and programs that are installed, by their names.
    present: frozenset[str]
    #: The first line of each file of /proc and /sys that could be read.
    values: Mapping[str, str]

    def has(self, what: str) -> bool:
        """Report whether the path exists, or the program is installed."""
        return what in self.present

    @classmethod
    def parse(cls, resources: Record) -> Self:
        """Parse the answer, a line for each."""
        present: set[str] = set()
        values: dict[str, str] = {}
        for line in resources.required().splitlines():
            if found := _HAS.fullmatch(line):
                present.add(found[1])
            elif found := _VALUE.fullmatch(line):
                values[found[1]] = found[2].strip()
            else:
                raise Unreadable(f"unexpected line in the list of resources: {line[:80]!r}")
        return cls(present=frozenset(present), values=values)
