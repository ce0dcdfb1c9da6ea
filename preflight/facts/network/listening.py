"""Listening TCP sockets: ports that are not available to a migration."""

from functools import cached_property
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import Fact, Record
from preflight.facts.network.addresses import plain
from preflight.facts.network.proc_net import sockets

_LISTEN = 0x0A  # TCP_LISTEN, include/net/tcp_states.h
_ANY_IPV4, _ANY_IPV6 = "0.0.0.0", "::"  # noqa: S104 - compared, not listened on


class Listener(Struct, frozen=True, kw_only=True):
    """Listening TCP socket."""

    #: IPv4 or IPv6; "0.0.0.0" and "::" stand for any address.
    address: str
    port: int


class Listening(Fact, frozen=True, kw_only=True, dict=True):
    """All listening TCP sockets, IPv4 before IPv6."""

    listeners: tuple[Listener, ...]

    @classmethod
    def parse(cls, table: Annotated[Record, "sockets"]) -> Self:
        """Parse /proc/net/tcp, followed by tcp6 if the kernel has it."""
        return cls(
            listeners=tuple(
                Listener(address=plain(str(socket.address)), port=socket.port)
                for socket in sockets(table.required())
                if socket.state == _LISTEN
            )
        )

    def used_in(self, low: int, high: int) -> frozenset[int]:
        """Return the ports from `low` to `high`, both included, with a listener on any address."""
        return frozenset(listener.port for listener in self.listeners if low <= listener.port <= high)

    def free(self, ports: range) -> list[int]:
        """Return the ports without a listener, in their order."""
        if ports not in self._free:  # of one range, as a rule, which is asked for on every way to the host
            taken = self.used_in(ports.start, ports.stop - 1)
            self._free[ports] = [port for port in ports if port not in taken]
        return self._free[ports].copy()

    @cached_property
    def _free(self) -> dict[range, list[int]]:
        return {}

    def has(self, address: str, port: int) -> bool:
        """Report whether there is a listener on this address, in the form of `plain`, or on all of its family.

        A listener on "::" is assumed to accept IPv4 too, as is the default on Linux.
        """
        covers = {address, _ANY_IPV6} if ":" in address else {address, _ANY_IPV4, _ANY_IPV6}
        return any(one.port == port and one.address in covers for one in self.listeners)

    def in_the_way(self, address: str, port: int) -> bool:
        """Report whether QEMU cannot listen on this port at this address, in the form of `plain`.

        On "::" QEMU leaves out IPv4 if it is in use, and with no address it takes "::" if it cannot have "0.0.0.0"
        (inet_listen_saddr, util/qemu-sockets.c).
        """
        if not address:
            return self.in_the_way(_ANY_IPV4, port) and self.in_the_way(_ANY_IPV6, port)
        here = {one.address for one in self.listeners if one.port == port}
        if address == _ANY_IPV6:
            return any(":" in one for one in here)
        if address == _ANY_IPV4:
            return any(":" not in one or one == _ANY_IPV6 for one in here)
        return self.has(address, port)
