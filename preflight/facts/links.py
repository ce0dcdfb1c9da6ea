"""The network links of a host: devices, bridges, bonds."""

import re
from typing import Self

from preflight.facts.record import Fact, Record, Unreadable

_LINE = re.compile(r"\d+: +([^\s:@]+)(?:@[^\s:]+)?: ")


class Links(Fact, frozen=True, kw_only=True):
    """Every link, up or not."""

    #: As "eth0".
    names: frozenset[str]
    #: Why they were not told; None when they were.
    error: str | None = None

    @classmethod
    def parse(cls, links: Record) -> Self:
        """Read what `ip -o link show` printed. Without an answer the reason is kept: few guests need a link."""
        try:
            text = links.required()
        except Unreadable as why:
            return cls(names=frozenset(), error=str(why))
        found = set()
        for line in filter(None, text.split("\n")):
            match = _LINE.match(line)
            if match is None:
                raise Unreadable(f"not a line of ip link show: {line[:80]}")
            found.add(match[1])
        if not found:
            raise Unreadable("ip link show gave no link, not even the loopback")
        return cls(names=frozenset(found))

    def has(self, name: str) -> bool:
        """Whether there is a link of that name; raises `Unreadable` when that was not told."""
        if self.error is not None:
            raise Unreadable(self.error)
        return name in self.names
