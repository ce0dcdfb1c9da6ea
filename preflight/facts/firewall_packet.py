"""The packet that is judged: the first one of a new TCP connection to a port of this host.

What a rule may look at is given as all the values that it may have; None where nothing is known of it, and `ABSENT`
where the packet has no such thing, so that a rule which asks for it does not match.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final, TypeAlias

#: A number from `first` to `last`, or a word.
Span: TypeAlias = tuple[int, int]
Values: TypeAlias = tuple[Span | str, ...]

ABSENT: Final[Values] = ()

#: Bits of the kernel's masks, by the words that nft has for them.
CT_STATE = {"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64}
CT_STATUS = {
    "expected": 1, "seen-reply": 2, "assured": 4, "confirmed": 8, "snat": 16, "dnat": 32, "dying": 512,
}  # fmt: skip
TCP_FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}
PROTOCOLS = {
    "icmp": 1, "igmp": 2, "ipencap": 4, "tcp": 6, "udp": 17, "dccp": 33, "gre": 47, "esp": 50, "ah": 51,
    "ipv6-icmp": 58, "icmpv6": 58, "ospf": 89, "comp": 108, "vrrp": 112, "sctp": 132, "udplite": 136,
}  # fmt: skip
#: The words that may stand for a number, by what is looked at.
WORDS: Mapping[tuple[str, str], Mapping[str, int]] = {
    ("ct", "state"): CT_STATE,
    ("ct", "status"): CT_STATUS,
    ("tcp", "flags"): TCP_FLAGS,
    ("meta", "l4proto"): PROTOCOLS,
    ("ip", "protocol"): PROTOCOLS,
    ("ip6", "nexthdr"): PROTOCOLS,
}
_OTHER_TRANSPORTS = frozenset(("udp", "udplite", "sctp", "dccp", "icmp", "icmpv6", "igmp", "esp", "ah", "comp"))
#: A client's own port is never a privileged one unless it asks for that, which neither libvirt nor QEMU does.
_EPHEMERAL: Span = (1024, 65535)


@dataclass(frozen=True, slots=True)
class Packet:
    """One such packet."""

    port: int
    source: IPv4Address | IPv6Address
    #: The name of the interface that it comes in by; "" when that is not known.
    interface: str
    #: The host's own addresses that it may be sent to; none when they are not known.
    own: tuple[str, ...] = ()
    #: Whether some rule gives packets marks, so that a mark may be anything here.
    marked: bool = False
    #: Whether the kernel's connection tracking has seen it yet.
    tracked: bool = True
    #: Whether it is looked at below IP, as a frame.
    frame: bool = False
    _values: dict[tuple[str, str], Values | None] = field(default_factory=dict, compare=False)

    def look(self, space: str, key: str) -> Values | None:
        """The values that the packet may have for what nft calls `space key`, as `tcp dport` or `meta iifname`."""
        if not self._values:
            self._values.update(self._known())
        if (space, key) in self._values:
            return self._values[space, key]
        if space in _OTHER_TRANSPORTS or space in ({"ip", "ip6", "arp"} - {self._network}):
            return ABSENT
        return None

    @property
    def _network(self) -> str:
        return "ip" if self.source.version == 4 else "ip6"

    def _known(self) -> dict[tuple[str, str], Values | None]:
        network = self._network
        destinations = [address for own in self.own if (address := ip_address(own)).version == self.source.version]
        known: dict[tuple[str, str], Values | None] = {
            ("meta", "l4proto"): _one(6),
            ("meta", "nfproto"): None if self.frame else ("ipv4" if network == "ip" else "ipv6",),
            ("meta", "protocol"): (network,),
            ("meta", "iifname"): (self.interface,) if self.interface else None,
            ("meta", "iif"): (self.interface,) if self.interface else None,
            ("meta", "oifname"): ("",),
            ("meta", "oif"): ("",),
            ("meta", "pkttype"): ("host",),
            ("meta", "mark"): None if self.marked else _one(0),
            ("ct", "mark"): None if self.marked else _one(0),
            ("ct", "state"): _one(CT_STATE["new"]) if self.tracked else None,
            ("ct", "status"): _one(0) if self.tracked else None,
            ("ct", "direction"): ("original",) if self.tracked else None,
            (network, "saddr"): _one(int(self.source)),
            (network, "daddr"): tuple((int(address), int(address)) for address in destinations) or None,
            (network, "version"): _one(self.source.version),
        }
        known["ip", "protocol"] = _one(6) if network == "ip" else ABSENT
        known["ip6", "nexthdr"] = _one(6) if network == "ip6" else ABSENT
        for transport in ("tcp", "th"):
            known[transport, "dport"] = _one(self.port)
            known[transport, "sport"] = (_EPHEMERAL,)
        known["tcp", "flags"] = _one(TCP_FLAGS["syn"])
        if network == "ip":
            known["ip", "frag-off"] = (*_one(0), *_one(0x4000))  # whole, with or without "don't fragment"
        return known


def _one(number: int) -> Values:
    return ((number, number),)


def is_word_space(space: str, key: str) -> bool:
    """Whether several words may be named at once, each for a bit."""
    return (space, key) in (("ct", "state"), ("ct", "status"), ("tcp", "flags"))


def number(space: str, key: str, written: Any) -> int | None:
    """The number that is meant by a number, a word or an address in a rule; None when there is none."""
    if isinstance(written, bool):
        return None
    if isinstance(written, int):
        return written
    if not isinstance(written, str):
        return None
    words = WORDS.get((space, key), {})
    if written in words:
        return words[written]
    if key in ("saddr", "daddr"):
        try:
            return int(ip_address(written))
        except ValueError:
            return None
    try:
        return int(written, 0)
    except ValueError:
        return -1 if words is PROTOCOLS else None  # a protocol of a name that is none of ours
