"""The network links of a host: devices, bridges, bonds."""

import re
from collections.abc import Mapping
from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable

_LINE = re.compile(r"\d+: +([^\s:@]+)(?:@[^\s:]+)?: ")
_MTU = re.compile(r"> mtu (\d{1,9}) ")
#: What kind of link it is stands first on a line of its own, which -o turns into a backslash and blanks.
_KIND = re.compile(r"\\    (?!link/|alias )(?!\w+_slave )(\w+) ")


class Links(Fact, frozen=True, kw_only=True):
    """Every link, up or not."""

    #: As "eth0".
    names: frozenset[str]
    #: bridge, veth, openvswitch…, by name; None for a plain device. A name is missing where it was not told.
    kinds: Mapping[str, str | None]
    #: Bytes of the largest packet, by name; a name is missing where it was not told.
    mtus: Mapping[str, int] = {}
    #: Why they were not told; None when they were.
    error: str | None = None

    @classmethod
    def parse(cls, links: Record) -> Self:
        """Read what `ip -d -o link show` printed. Without an answer the reason is kept: few guests need a link.

        Without -d, as it once was asked, kinds are not told.
        """
        try:
            text = links.required()
        except Unreadable as why:
            return cls(names=frozenset(), kinds={}, error=str(why))
        found: set[str] = set()
        kinds: dict[str, str | None] = {}
        mtus: dict[str, int] = {}
        for line in filter(None, text.split("\n")):
            match = _LINE.match(line)
            if match is None:
                raise Unreadable(f"unexpected line from ip link show: {line[:80]}")
            found.add(match[1])
            if mtu := _MTU.search(line):
                mtus[match[1]] = int(mtu[1])
            if " promiscuity " in line:
                kind = _KIND.search(line)
                kinds[match[1]] = kind[1] if kind else None
        if not found:
            raise Unreadable("ip link show printed no link, not even the loopback")
        return cls(names=frozenset(found), kinds=kinds, mtus=mtus)

    def has(self, name: str) -> bool:
        """Whether there is a link of that name; raises `Unreadable` when that was not told."""
        if self.error is not None:
            raise Unreadable(self.error)
        return name in self.names

    def mtu(self, name: str) -> int:
        """The MTU of the link of that name, in bytes; raises `Unreadable` when it was not told."""
        if self.error is not None or name not in self.mtus:
            raise Unreadable(self.error or f"the MTU of {name} is unknown")
        return self.mtus[name]

    def is_other_than(self, name: str, kinds: frozenset[str]) -> bool:
        """Whether there is such a link, and it is certainly of no such kind."""
        return name in self.kinds and self.kinds[name] not in kinds
