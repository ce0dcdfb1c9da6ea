"""A host's own IP addresses."""

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface, ip_network
from typing import Self

from msgspec import Struct

from preflight.facts.fact import Fact, Record, Unreadable

_LINE = re.compile(r"\d+: +(\S+) +inet6? (\S+?)(?: peer \S+?)?(?:/(\d+))? ")


class InterfaceAddress(Struct, frozen=True, kw_only=True):
    """One address of one interface."""

    #: As "eth0".
    interface: str
    #: IPv4 or IPv6, in the usual short form.
    address: str
    #: Length of the network's prefix, in bits.
    prefix: int


class OwnAddresses(Fact, frozen=True, kw_only=True, dict=True):
    """Every address of every interface, up or not, in the kernel's order."""

    addresses: tuple[InterfaceAddress, ...]

    @classmethod
    def parse(cls, addresses: Record) -> Self:
        """Parse the output of `ip -o addr show`."""
        found = []
        for line in addresses.required().splitlines():
            if re.match(r"\d+: +\S+ +inet6? ", line) is None:
                continue  # another family, as "link/ether" lines with other options
            found.append(_interface_address(line))
        if not found:
            raise Unreadable("ip addr show printed no address, not even that of the loopback")
        return cls(addresses=tuple(found))

    def has(self, address: str) -> bool:
        """Report whether the address is the host's own; so is every address of 127.0.0.0/8."""
        return is_loopback(address) or plain(address) in self._plain

    @cached_property
    def families(self) -> tuple[bool, bool]:
        """Report whether the host has IPv4 and IPv6 addresses besides loopback; with neither, glibc filters neither.

        This is AI_ADDRCONFIG (sysdeps/unix/sysv/linux/check_pf.c), which getent, libvirt and QEMU all use.
        """
        versions = {address_of(own.address).version for own in self._reachable}
        return (4 in versions, 6 in versions) if versions else (True, True)

    @cached_property
    def global_addresses(self) -> tuple[str, ...]:
        """The addresses that another host may reach, without loopback and link-local ones."""
        return tuple(own.address for own in self._reachable if not address_of(own.address).is_link_local)

    def reachable_from(self, other: "OwnAddresses") -> str:
        """Return the best address to reach this host from `other`: first on a common network, then IPv4 before IPv6."""
        reachable = sorted(self.global_addresses, key=lambda address: address_of(address).version)
        of_other = set(other.global_addresses)
        near = (one for one in reachable if any(own.address in of_other for own in other.beside(one)))
        return next(near, next(iter(reachable), "ADDRESS"))

    def met_by(self, address: str) -> tuple[InterfaceAddress, ...]:
        """Return the addresses and interfaces on which connections from another host's address may arrive.

        These are the addresses on its network; if there are none, all reachable ones of the same IP version, if any.
        """
        return self.beside(address) or self._by_version[address_of(plain(address)).version]

    def beside(self, address: str) -> tuple[InterfaceAddress, ...]:
        """Return the addresses and interfaces whose network contains the address, with no router in between."""
        other = address_of(plain(address))
        bits = {
            prefix: int(other) >> (other.max_prefixlen - prefix) for of, prefix in self._prefixes if of == other.version
        }
        mine = tuple(key for key in ((other.version, *one) for one in sorted(bits.items())) if key in self._networks)
        if mine not in self._beside:
            found = [one for key in mine for one in self._networks[key]]
            self._beside[mine] = tuple(own for _, own in sorted(found, key=lambda one: one[0]))
        return self._beside[mine]

    def shares_network(self, other: Self, address: str) -> bool:
        """Report whether the address is on a network that both hosts are on: no router in between can translate it."""
        return bool(self.beside(address) and other.beside(address))

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
        versions = [(address_of(own.address).version, own) for own in self._reachable]
        return {version: tuple(own for of, own in versions if of == version) for version in (4, 6)}

    @cached_property
    def _networks(self) -> Mapping[tuple[int, int, int], list[tuple[int, InterfaceAddress]]]:
        """The reachable addresses and their positions, by network: IP version, prefix length and prefix bits."""
        found: dict[tuple[int, int, int], list[tuple[int, InterfaceAddress]]] = {}
        for place, own in enumerate(self._reachable):
            known = address_of(own.address)
            bits = int(known) >> (known.max_prefixlen - own.prefix)
            found.setdefault((known.version, own.prefix, bits), []).append((place, own))
        return found

    @cached_property
    def _prefixes(self) -> frozenset[tuple[int, int]]:
        return frozenset((version, prefix) for version, prefix, _ in self._networks)


@lru_cache(maxsize=4096)  # called with the same few addresses for each port of a range
def address_of(address: str) -> IPv4Address | IPv6Address:
    """Return an address as a value; raises `ValueError` for text that is none."""
    return ip_address(address)


@lru_cache(maxsize=4096)
def plain(address: str) -> str:
    """Return the address in its usual short form; an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) as IPv4.

    Text that is not an address is returned unchanged.
    """
    try:
        known = address_of(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address) and known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(known)


@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    """Report whether the address is a loopback address: 127.0.0.0/8, ::1, or IPv4-mapped loopback."""
    try:
        return address_of(plain(address)).is_loopback
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


def network_of(address: str, bits: int | None) -> str:
    """Return the first address of the network that has so many leading bits in common with an address; its own if None.

    Text that is not an address is returned unchanged.
    """
    known = plain(address)
    if bits is None:
        return known
    try:
        return str(ip_network(f"{known}/{bits}", strict=False).network_address)
    except ValueError:
        return known
