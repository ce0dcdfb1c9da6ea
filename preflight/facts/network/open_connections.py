"""Established TCP connections to a host's ports, by the address of the other end."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Annotated, Self

from preflight.facts.fact import Fact, Record
from preflight.facts.network.addresses import network_of, plain
from preflight.facts.network.proc_net import sockets

#: The kernel's number for an established connection.
_ESTABLISHED = 1


class OpenConnections(Fact, frozen=True, kw_only=True):
    """The number of connections from each address, by the port of this host."""

    by_port: Mapping[int, Mapping[str, int]]

    @classmethod
    def parse(cls, table: Annotated[Record, "sockets"]) -> Self:
        """Parse /proc/net/tcp, followed by tcp6 if the kernel has it."""
        found: dict[int, Counter[str]] = {}
        for socket in sockets(table.required()):
            if socket.state == _ESTABLISHED:
                found.setdefault(socket.port, Counter())[plain(str(socket.peer))] += 1
        return cls(by_port=found)

    def to(self, ports: Collection[int], sources: Collection[str] | None, prefix: int | None = None) -> int:
        """Return the number of connections to ports: the most from one of these addresses, or all of them if None.

        With `prefix`, those from addresses with as many leading bits in common count together.
        """
        found = [self.by_port[port] for port in ports if port in self.by_port]
        if sources is None:
            return sum(sum(one.values()) for one in found)
        counted: Counter[str] = Counter()
        for one in found:
            for address, number in one.items():
                counted[network_of(address, prefix)] += number
        return max((counted[network_of(source, prefix)] for source in sources), default=0)
