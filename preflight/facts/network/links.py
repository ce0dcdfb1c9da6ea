"""The network links of a host: devices, bridges, bonds."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable

_LINE = re.compile(r"\d+: +([^\s:@]+)(?:@[^\s:]+)?: ")
_MTU = re.compile(r"> mtu (\d{1,9}) ")
#: The kind of link starts a line of its own, which -o joins with a backslash and blanks.
_KIND = re.compile(r"\\    (?!link/|alias )(?!\w+_slave )(\w+) ")


class Links(Fact, frozen=True, kw_only=True):
    """Every link, up or not."""

    #: As "eth0".
    names: frozenset[str]
    #: bridge, veth, openvswitch…, by name; None for a plain device. Names of links whose kind is unknown are missing.
    kinds: Mapping[str, str | None]
    #: MTU in bytes, by name; names of links whose MTU is unknown are missing.
    mtus: Mapping[str, int] = {}
    #: Reason why the links are unknown, or None.
    error: str | None = None

    @classmethod
    def parse(cls, links: Annotated[Record, OPTIONAL]) -> Self:
        """Parse the output of `ip -d -o link show`. Without an answer, keep the reason: few guests need a link.

        The output without -d, which older snapshots contain, does not include the kinds.
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
        """Report whether there is a link of that name; raises `Unreadable` if that is unknown."""
        if self.error is not None:
            raise Unreadable(self.error)
        return name in self.names

    def mtu(self, name: str) -> int:
        """Return the MTU of the link of that name, in bytes; raises `Unreadable` if it is unknown."""
        if self.error is not None or name not in self.mtus:
            raise Unreadable(self.error or f"the MTU of {name} is unknown")
        return self.mtus[name]

    def is_other_than(self, name: str, kinds: frozenset[str]) -> bool:
        """Report whether the link exists and is known to be of none of these kinds."""
        return name in self.kinds and self.kinds[name] not in kinds
