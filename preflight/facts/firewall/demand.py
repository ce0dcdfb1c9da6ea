"""Connections of migrations that a rate of a firewall counts."""

import enum

from msgspec import Struct

from preflight.facts.firewall.rate import Rate
from preflight.facts.firewall.used_up import UsedUp
from preflight.facts.network.open_connections import OpenConnections
from preflight.request.check_request import Connections

#: Number of migrations up to which connections to different ports are counted one by one.
_MOST = 10_000
#: Packets a second with which no guest's memory arrives in time: the kernel joins some of them, up to 64 KiB.
_FEWEST = 10


class Direction(enum.StrEnum):
    """The part of a connection that a firewall counts, in words before the name of the connection."""

    INCOMING = ""
    OUTGOING = "outgoing "
    ANSWERS = "answers of "


class Counted(Struct, frozen=True):
    """Connections, and the ports of them that a rate counts."""

    connections: Connections
    ports: frozenset[int]


class Demand(Struct, frozen=True):
    """A rate of one host's firewall, and the connections that it counts."""

    at_source: bool
    direction: Direction
    rate: Rate
    #: The rule that applies beyond the rate, as "drop by table inet filter chain input: ...".
    blocked: str
    counted: tuple[Counted, ...]
    #: The addresses that the packets come from.
    sources: tuple[str, ...]
    #: True if it counts every packet of a connection, not only the first, and if it blocks every one beyond it.
    counts_all: bool = False
    blocks_all: bool = False

    @property
    def starves(self) -> bool:
        """True if it blocks packets of accepted connections, and lets too few of them pass for a guest's memory."""
        carries_data = any(one.connections.what == "data" for one in self.counted)
        return self.blocks_all and carries_data and (self.rate.interval or 0) >= 1 / _FEWEST

    @property
    def what(self) -> str:
        """The connections in words, as "outgoing ssh + data"."""
        return self.direction.value + " + ".join(dict.fromkeys(one.connections.what for one in self.counted))

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that the rate counts, in order."""
        return tuple(sorted({port for one in self.counted for port in one.ports}))

    @property
    def own(self) -> int:
        """The number of preflight's own connections among them."""
        return max((one.connections.own for one in self.counted), default=0)

    @property
    def each(self) -> int:
        """The greatest number of connections of one migration that the rate counts."""
        return sum(one.connections.each for one in self.counted)

    def used(self, used_up: UsedUp, connections: OpenConnections | None) -> int | None:
        """Return what is used up now, by what the host knows of earlier connections and by its open ones, if known.

        None if that is unknown: of most token buckets, and of connections to other hosts.
        """
        if self.rate.interval is not None:
            return used_up.of(self.rate, self.sources, self.ports)
        if self.direction is not Direction.INCOMING or connections is None:
            return None
        return connections.to(self.ports, self.sources if self.rate.per_source else None, self.rate.prefix)

    def of(self, migrations: int) -> int:
        """Return the connections of so many migrations, without preflight's own."""
        return sum(one.connections.of(migrations, one.ports) for one in self.counted)

    def allows(self, left: int) -> int:
        """Return the number of migrations whose connections fit into the part that is left.

        Those to ports that the rate does not count are limited by the number of ports.
        """
        differ = [len(one.connections.ports) for one in self.counted if not one.connections.shared]
        if not differ:
            return max(0, left) // self.each
        most = min(_MOST, *differ)
        return next((number for number in range(most) if self.of(number + 1) > left), most)
