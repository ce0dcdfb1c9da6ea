"""The buckets of iptables' `hashlimit`: how many connections each has left."""

import re
from collections.abc import Collection, Mapping
from typing import Self

from msgspec import Struct

from preflight.facts.fact import Fact, Record
from preflight.facts.firewall.rate import Rate
from preflight.facts.network.addresses import address_of, plain

_TABLE = r"# hashlimit ([^/\s]{1,255})"
#: A line of /proc/net/ipt_hashlimit/NAME or ip6t_hashlimit: the seconds until it is forgotten, source, destination, and
#: its credit, the most that it can have, and the cost of a packet (dl_seq_print, net/netfilter/xt_hashlimit.c). The
#: kernel adds what has been refilled before it prints the line.
_ENTRY = r"# -?\d{1,12} (\S{1,45}):\d{1,5}->\S{1,45}:(\d{1,5}) (\d{1,20}) (\d{1,20}) (\d{1,20})"


class Bucket(Struct, frozen=True):
    """Bucket of one source, one port, or of all that the rule does not tell apart."""

    #: The network or address whose packets it counts; 0.0.0.0 or :: if it counts those of all.
    source: str
    #: The port of this host whose packets it counts; 0 if it counts those to all.
    port: int
    #: Packets that may still pass at once.
    left: int


class Buckets(Fact, frozen=True, kw_only=True):
    """All tables of buckets, by the name that `--hashlimit-name` gives them. One without packets has no bucket."""

    tables: Mapping[str, tuple[Bucket, ...]]

    def left(self, rate: Rate, sources: Collection[str], ports: Collection[int]) -> int | None:
        """Return what the emptiest bucket has left of a rate for connections from these addresses; None if unknown."""
        if rate.table not in self.tables:
            return None
        versions = {address_of(plain(source)).version for source in sources}
        counted = {rate.counted_as(source) for source in sources} if rate.per_source else None
        left = (
            bucket.left
            for bucket in self.tables[rate.table]
            if address_of(bucket.source).version in versions
            and (counted is None or bucket.source in counted)
            and (not bucket.port or bucket.port in ports)
        )
        return min(left, default=rate.most)

    @classmethod
    def parse(cls, iptables: Record) -> Self:
        """Parse the remarks behind the output of iptables-save."""
        tables: dict[str, list[Bucket]] = {}
        name = ""
        for line in iptables.required().splitlines():
            if found := re.fullmatch(_TABLE, line):
                name = found[1]
                tables.setdefault(name, [])
            elif name in tables and (bucket := _bucket(line)) is not None:
                tables[name].append(bucket)
            elif line == "# failed":
                tables.pop(name, None)
        return cls(tables={name: tuple(some) for name, some in tables.items()})


def _bucket(line: str) -> Bucket | None:
    found = re.fullmatch(_ENTRY, line)
    if found is None:
        return None
    source, port, credit, most, cost = plain(found[1]), *(int(found[at]) for at in range(2, 6))
    try:
        address_of(source)
    except ValueError:
        return None
    return Bucket(source, port, min(credit, most) // cost) if cost else None
