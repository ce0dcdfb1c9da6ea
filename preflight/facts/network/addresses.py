"""A host's own IP addresses."""

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from ipaddress import IPv6Address, ip_address, ip_interface
from typing import Self

from msgspec import Struct

from preflight.facts.fact import Fact, Record, Unreadable

_LINE = re.compile(r"\d+: +(\S+) +inet6? (\S+?)(?: peer \S+?)?(?:/(\d+))? ")


class InterfaceAddress(Struct, frozen=True, kw_only=True):
    """One address of one interface."""

    #: As "eth0".
    interface: str
    #: IPv4 or IPv6, in its usual short form.
    address: str
    #: Bits of the network's prefix.
    prefix: int


class OwnAddresses(Fact, frozen=True, kw_only=True, dict=True):
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
            raise Unreadable("ip addr show printed no address, not even that of the loopback")
        return cls(addresses=tuple(found))

    def has(self, address: str) -> bool:
        """Whether the address, or any address of 127.0.0.0/8, is the host's own."""
        return is_loopback(address) or plain(address) in self._plain

    @cached_property
    def global_addresses(self) -> tuple[str, ...]:
        """The addresses that another host may reach: no loopback, no link-local."""
        return tuple(own.address for own in self._reachable if not ip_address(own.address).is_link_local)

    def reachable_from(self, other: "OwnAddresses") -> str:
        """The address at which another host would best reach this one: on a network of its own first, IPv4 first."""
        reachable = sorted(self.global_addresses, key=lambda address: ip_address(address).version)
        of_other = set(other.global_addresses)
        near = (one for one in reachable if any(own.address in of_other for own in other.beside(one)))
        return next(near, next(iter(reachable), "ADDRESS"))

    def met_by(self, address: str) -> tuple[InterfaceAddress, ...]:
        """The addresses, with their interfaces, at which this host would meet another host's address.

        Those on its network; if there is none, all of the same version that are reachable. Empty when there is none.
        """
        return self.beside(address) or self._by_version[ip_address(plain(address)).version]

    def beside(self, address: str) -> tuple[InterfaceAddress, ...]:
        """The addresses, with their interfaces, on whose network the address is: no router is between them."""
        other = ip_address(plain(address))
        bits = {
            prefix: int(other) >> (other.max_prefixlen - prefix) for of, prefix in self._prefixes if of == other.version
        }
        mine = tuple(key for key in ((other.version, *one) for one in sorted(bits.items())) if key in self._networks)
        if mine not in self._beside:
            found = [one for key in mine for one in self._networks[key]]
            self._beside[mine] = tuple(own for _, own in sorted(found, key=lambda one: one[0]))
        return self._beside[mine]

    @cached_property
    def _beside(self) -> dict[tuple[tuple[int, int, int], ...], tuple[InterfaceAddress, ...]]:
        return {}

    @cached_property
    def _plain(self) -> frozenset[str]:
        return frozenset(plain(own.address) for own in self.addresses)

    @cached_property
    def _reachable(self) -> tuple[InterfaceAddress, ...]:
        return tuple(own for own in self.addresses if not is_loopback(own.address))

    @cached_property
    def _by_version(self) -> Mapping[int, tuple[InterfaceAddress, ...]]:
        versions = [(ip_address(own.address).version, own) for own in self._reachable]
        return {version: tuple(own for of, own in versions if of == version) for version in (4, 6)}

    @cached_property
    def _networks(self) -> Mapping[tuple[int, int, int], list[tuple[int, InterfaceAddress]]]:
        """The reachable addresses, with their places, by their networks: version, prefix and the bits of that."""
        found: dict[tuple[int, int, int], list[tuple[int, InterfaceAddress]]] = {}
        for place, own in enumerate(self._reachable):
            known = ip_address(own.address)
            bits = int(known) >> (known.max_prefixlen - own.prefix)
            found.setdefault((known.version, own.prefix, bits), []).append((place, own))
        return found

    @cached_property
    def _prefixes(self) -> frozenset[tuple[int, int]]:
        return frozenset((version, prefix) for version, prefix, _ in self._networks)


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
    strange = Unreadable(f"unexpected line from ip addr show: {line[:80]}")
    if match is None:
        raise strange
    try:
        known = ip_interface(f"{match[2]}/{match[3]}" if match[3] else match[2])
    except ValueError:
        raise strange from None
    return InterfaceAddress(interface=match[1], address=str(known.ip), prefix=known.network.prefixlen)
