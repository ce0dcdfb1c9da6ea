"""Which TCP ports something listens on: the ports that a migration finds taken."""

from typing import Self

from msgspec import Struct

from preflight.facts.fact import Fact, Record
from preflight.facts.network.addresses import plain
from preflight.facts.network.proc_net import sockets

_LISTEN = 0x0A  # TCP_LISTEN, include/net/tcp_states.h
_ANY_IPV4, _ANY_IPV6 = "0.0.0.0", "::"  # noqa: S104 - compared with, not listened at


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

    def has(self, address: str, port: int) -> bool:
        """Whether something listens at this address, in the form of `plain`, or at all of its family.

        Who listens at "::" is taken to listen at every IPv4 address too, as Linux has it unless it is told otherwise.
        """
        covers = {address, _ANY_IPV6} if ":" in address else {address, _ANY_IPV4, _ANY_IPV6}
        return any(one.port == port and one.address in covers for one in self.listeners)

    def in_the_way(self, address: str, port: int) -> bool:
        """Whether the port is taken for QEMU that is to listen at this address, in the form of `plain`.

        At "::" QEMU leaves IPv4 out when that is taken (inet_listen_saddr, util/qemu-sockets.c).
        """
        here = {one.address for one in self.listeners if one.port == port}
        if address == _ANY_IPV6:
            return any(":" in one for one in here)
        if address == _ANY_IPV4:
            return any(":" not in one or one == _ANY_IPV6 for one in here)
        return self.has(address, port)
