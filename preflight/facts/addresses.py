"""A host's own IP addresses."""

import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_interface, ip_network
from typing import Self

from msgspec import Struct

from preflight.facts.record import Fact, Record, Unreadable

_LINE = re.compile(r"\d+: +(\S+) +inet6? (\S+?)(?: peer \S+?)?(?:/(\d+))? ")


class InterfaceAddress(Struct, frozen=True, kw_only=True):
    """One address of one interface."""

    #: As "eth0".
    interface: str
    #: IPv4 or IPv6, in its usual short form.
    address: str
    #: Bits of the network's prefix.
    prefix: int


class OwnAddresses(Fact, frozen=True, kw_only=True):
    """Every address of every interface, up or not, in the kernel's order."""

    addresses: tuple[InterfaceAddress, ...]

    @classmethod
    def parse(cls, addresses: Record) -> Self:
        """Read what `ip -o addr show` printed."""
        found = []
        for line in addresses.required().splitlines():
            if re.match(r"\d+: +\S+ +inet6? ", line) is None:
                continue  # a family of its own, as "link/ether" lines are with other options
            found.append(_interface_address(line))
        if not found:
            raise Unreadable("ip addr show gave no address, not even the loopback's")
        return cls(addresses=tuple(found))

    def has(self, address: str) -> bool:
        """Whether the address, or any address of 127.0.0.0/8, is the host's own."""
        if is_loopback(address):
            return True
        wanted = plain(address)
        return any(plain(own.address) == wanted for own in self.addresses)

    @property
    def global_addresses(self) -> tuple[str, ...]:
        """The addresses that another host may reach: no loopback, no link-local."""
        return tuple(
            own.address
            for own in self.addresses
            if not is_loopback(own.address) and not ip_address(own.address).is_link_local
        )

    def reachable_from(self, other: "OwnAddresses") -> str:
        """The address at which another host would best reach this one: on a network of its own first, IPv4 first."""
        networks = [
            ip_interface(f"{own.address}/{own.prefix}").network
            for own in other.addresses
            if own.address in other.global_addresses
        ]
        reachable = sorted(self.global_addresses, key=lambda address: ip_address(address).version)
        near = [address for address in reachable if any(ip_address(address) in network for network in networks)]
        return (near + reachable + ["ADDRESS"])[0]

    def met_by(self, address: str) -> tuple[InterfaceAddress, ...]:
        """The addresses, with their interfaces, at which this host would meet another host's address.

        Those on its network; if there is none, all of the same version that are reachable. Empty when there is none.
        """
        version = ip_address(plain(address)).version
        reachable = tuple(
            own for own in self.addresses if ip_address(own.address).version == version and not is_loopback(own.address)
        )
        return self.beside(address) or reachable

    def beside(self, address: str) -> tuple[InterfaceAddress, ...]:
        """The addresses, with their interfaces, on whose network the address is: no router is between them."""
        other = ip_address(plain(address))
        return tuple(
            own
            for own in self.addresses
            if not is_loopback(own.address) and other in ip_network((own.address, own.prefix), strict=False)
        )


@lru_cache(maxsize=4096)  # asked of the same few addresses for each of a range's ports
def plain(address: str) -> str:
    """The address in its usual short form; an IPv4 address inside an IPv6 one (`::ffff:192.0.2.1`) as IPv4.

    Text that is no address is given back as it is.
    """
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address) and known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(known)


@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    """Whether the address leads back to the host itself: 127.0.0.0/8, ::1, and the same inside IPv6."""
    try:
        return ip_address(plain(address)).is_loopback
    except ValueError:
        return False


def _interface_address(line: str) -> InterfaceAddress:
    match = _LINE.match(line)
    strange = Unreadable(f"not a line of ip addr show: {line[:80]}")
    if match is None:
        raise strange
    try:
        known = ip_interface(f"{match[2]}/{match[3]}" if match[3] else match[2])
    except ValueError:
        raise strange from None
    return InterfaceAddress(interface=match[1], address=str(known.ip), prefix=known.network.prefixlen)
