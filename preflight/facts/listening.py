"""Which TCP ports something listens on: the ports that a migration finds taken."""

from typing import Self

from msgspec import Struct

from preflight.facts.addresses import plain
from preflight.facts.proc_net import sockets
from preflight.facts.record import Fact, Record

_LISTEN = 0x0A  # TCP_LISTEN, include/net/tcp_states.h


class Listener(Struct, frozen=True, kw_only=True):
    """One listening TCP socket."""

    #: IPv4 or IPv6; "0.0.0.0" and "::" are any address.
    address: str
    port: int


class Listening(Fact, frozen=True, kw_only=True):
    """All listening TCP sockets, IPv4's before IPv6's."""

    listeners: tuple[Listener, ...]

    @classmethod
    def parse(cls, table: Record) -> Self:
        """Read /proc/net/tcp, followed by tcp6 where the kernel has it."""
        return cls(
            listeners=tuple(
                Listener(address=plain(str(socket.address)), port=socket.port)
                for socket in sockets(table.required())
                if socket.state == _LISTEN
            )
        )

    def used_in(self, low: int, high: int) -> frozenset[int]:
        """The ports from `low` to `high`, both included, that something listens on, at whatever address."""
        return frozenset(listener.port for listener in self.listeners if low <= listener.port <= high)
