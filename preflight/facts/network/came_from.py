"""The TCP connection of preflight's login to a host, as sshd there knows it."""

from ipaddress import ip_address
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record
from preflight.facts.network.addresses import plain


class CameFrom(Fact, frozen=True, kw_only=True):
    """Address of the client, and port of the host. libvirt's connection comes from the same address."""

    #: In the form of `plain`; None if it is unknown, or if there was no login over ssh.
    address: str | None = None
    #: Port of the host; None if it is unknown.
    port: int | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """The address, if it is known."""
        return () if self.address is None else (self.address,)

    @classmethod
    def parse(cls, came_from: Annotated[Record, OPTIONAL]) -> Self:
        """Parse SSH_CONNECTION: address and port of the client, address and port of the host, or the first alone."""
        words = came_from.out.split() if came_from.code == 0 else []
        try:
            ip_address(words[0])
        except (IndexError, ValueError):
            return cls()
        port = words[3] if len(words) == 4 else ""
        return cls(address=plain(words[0]), port=int(port) if port.isdecimal() and len(port) < 6 else None)
