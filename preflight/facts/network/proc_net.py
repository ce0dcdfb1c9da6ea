"""Parser for the addresses in /proc/net/tcp, tcp6, udp and udp6."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from preflight.facts.fact import Unreadable

_LINE = re.compile(
    r"\s*\d+: ([0-9A-F]{32}|[0-9A-F]{8}):([0-9A-F]{4}) ([0-9A-F]{32}|[0-9A-F]{8}):[0-9A-F]{4} ([0-9A-F]{2}) "
)


class Socket(NamedTuple):
    """One line of the kernel's socket table."""

    #: The address that it is bound to.
    address: IPv4Address | IPv6Address
    port: int
    #: The kernel's number for its state; 10 is a listening TCP socket, 1 an established connection.
    state: int
    #: The other end's address, as the kernel writes it.
    other: str = ""

    @property
    def peer(self) -> IPv4Address | IPv6Address:
        """The address of the other end of a connection."""
        return _address(self.other)


def sockets(text: str) -> Iterator[Socket]:
    """Yield the sockets of one or more such files, concatenated; raises `Unreadable` on any other text."""
    lines = text.split("\n")
    if "local_address" not in lines[0]:
        raise Unreadable("the kernel's socket table is missing")
    if lines.pop() != "":
        raise Unreadable("the kernel's socket table is truncated")
    for line in lines:
        if "local_address" in line:
            continue
        match = _LINE.match(line)
        if match is None:
            raise Unreadable(f"unexpected line in the kernel's socket table: {line[:80]}")
        yield Socket(_address(match[1]), int(match[2], 16), int(match[4], 16), match[3])


def _address(digits: str) -> IPv4Address | IPv6Address:
    """Decode the kernel's 32-bit words, each printed as the number that a little-endian machine reads."""
    packed = b"".join(bytes.fromhex(digits[i : i + 8])[::-1] for i in range(0, len(digits), 8))
    return IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed)
