"""Packets to be evaluated: the first ones of new TCP connections to ports of this host or another one, and answers.

Many packets that differ in port, source or interface are evaluated at once. A property that a rule may match is given
as all values that it may have; None if nothing is known about it, and `ABSENT` if a packet has no such property, so
that a rule that matches on it does not apply.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final, NamedTuple, TypeAlias

from preflight.facts.fact import Unreadable

#: A range of numbers, or a word.
Span: TypeAlias = tuple[int, int]
Values: TypeAlias = tuple[Span | str, ...]

ABSENT: Final[Values] = ()

#: Bits of the kernel's masks, by nft's words for them.
CT_STATE = {"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64}
CT_STATUS = {
    "expected": 1, "seen-reply": 2, "assured": 4, "confirmed": 8, "snat": 16, "dnat": 32, "dying": 512,
}  # fmt: skip
TCP_FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}
PROTOCOLS = {
    "icmp": 1, "igmp": 2, "ipencap": 4, "tcp": 6, "udp": 17, "dccp": 33, "gre": 47, "esp": 50, "ah": 51,
    "ipv6-icmp": 58, "icmpv6": 58, "ospf": 89, "comp": 108, "vrrp": 112, "sctp": 132, "udplite": 136,
}  # fmt: skip
#: The words that may stand for a number, by property.
WORDS: Mapping[tuple[str, str], Mapping[str, int]] = {
    ("ct", "state"): CT_STATE,
    ("ct", "status"): CT_STATUS,
    ("tcp", "flags"): TCP_FLAGS,
    ("meta", "l4proto"): PROTOCOLS,
    ("ip", "protocol"): PROTOCOLS,
    ("ip6", "nexthdr"): PROTOCOLS,
    ("meta", "skuid"): {"root": 0},
}
_OTHER_TRANSPORTS = frozenset(("udp", "udplite", "sctp", "dccp", "icmp", "icmpv6", "igmp", "esp", "ah", "comp"))
#: The source port of a client is never privileged unless requested, which neither libvirt nor QEMU does.
_EPHEMERAL: Span = (1024, 65535)


#: Maximum number of rules, elements and values examined for one evaluation: about five seconds.
MOST_STEPS = 1_000_000


class Work:
    """Remaining steps of an evaluation."""

    def __init__(self) -> None:
        self._left = MOST_STEPS

    def spend(self, steps: int) -> None:
        """Use up steps; raises `Unreadable` if none are left."""
        self._left -= steps
        if self._left < 0:
            raise Unreadable(f"the firewall rules take more than {MOST_STEPS} steps to evaluate")


class Kind(NamedTuple):
    """Kind of packet: whether the host sends it or receives it, and its part in a connection."""

    leaves: bool = False
    #: True for the other end's packets: an answer to the first packet.
    answers: bool = False
    #: Bits of its TCP flags.
    flags: int = TCP_FLAGS["syn"]
    #: True for a packet of a connection that both ends have accepted.
    later: bool = False

    @property
    def later_ones(self) -> "Kind":
        """The packets of the same direction that follow once both ends have accepted the connection."""
        return self._replace(flags=TCP_FLAGS["ack"], later=True)

    @property
    def is_first(self) -> bool:
        """True for the packet that opens a connection."""
        return not (self.answers or self.later)


#: A new connection to a port of this host, and one to a port of another host.
ARRIVING, LEAVING = Kind(), Kind(leaves=True)
#: The other end's answer that accepts the connection, as it arrives here; ours, as it leaves; and ours that refuses it.
ACCEPTED = Kind(answers=True, flags=TCP_FLAGS["syn"] | TCP_FLAGS["ack"])
ACCEPTING = ACCEPTED._replace(leaves=True)
REFUSING = ACCEPTING._replace(flags=TCP_FLAGS["rst"] | TCP_FLAGS["ack"])


@dataclass(frozen=True, slots=True)
class Packet:
    """Set of packets, given by the values that they may have."""

    #: The first and the last port to which the connection is made.
    ports: Span
    #: Source addresses, all of one IP version.
    sources: tuple[IPv4Address | IPv6Address, ...]
    #: The names of the interfaces on which they arrive or leave; none if unknown.
    interfaces: tuple[str, ...]
    #: The addresses that they may be sent to; none if unknown.
    own: tuple[str, ...] = ()
    #: All addresses of the host that they arrive at; none if unknown.
    local: tuple[str, ...] = ()
    #: The host's time in seconds, and those of its time zone east of UTC; None if unknown.
    clock: tuple[int, int] | None = None
    #: True if some rule sets marks, so that a mark may have any value.
    marked: bool = False
    #: True if the kernel's connection tracking has already seen them.
    tracked: bool = True
    #: True if a rule has kept the kernel's connection tracking from them.
    untracked: bool = False
    #: True if root has opened the connection, as libvirt's daemon does.
    of_root: bool = False
    #: True if they are examined below IP, as frames.
    frame: bool = False
    kind: Kind = ARRIVING
    work: Work = field(default_factory=Work, compare=False)
    _values: dict[tuple[str, str], Values | None] = field(default_factory=dict, compare=False)

    def look(self, space: str, key: str) -> Values | None:
        """Return the possible values of the property that nft calls `space key`, as `tcp dport` or `meta iifname`."""
        if not self._values:
            self._values.update(self._known())
        if (space, key) in self._values:
            return self._values[space, key]
        if space in _OTHER_TRANSPORTS or space in ({"ip", "ip6", "arp"} - {self._network}):
            return ABSENT
        return None

    @property
    def _network(self) -> str:
        return "ip" if self.version == 4 else "ip6"

    @property
    def version(self) -> int:
        """The IP version."""
        return self.sources[0].version

    @property
    def _state(self) -> int:
        word = "untracked" if self.untracked else "new" if self.kind.is_first else "established"
        return CT_STATE[word]

    def _known(self) -> dict[tuple[str, str], Values | None]:
        network, answers = self._network, self.kind.answers
        known_own = map(ip_address, self.own)
        destinations = sorted(int(address) for address in known_own if address.version == self.version)
        known: dict[tuple[str, str], Values | None] = {
            ("meta", "l4proto"): _one(6),
            ("meta", "nfproto"): None if self.frame else ("ipv4" if network == "ip" else "ipv6",),
            ("meta", "protocol"): (network,),
            ("meta", "pkttype"): None if self.kind.leaves else ("host",),
            ("meta", "mark"): None if self.marked else _one(0),
            ("ct", "mark"): None if self.marked else _one(0),
            ("ct", "state"): _one(self._state) if self.tracked else None,
            ("ct", "status"): _one(0) if self.tracked and self.kind.is_first and not self.untracked else None,
            ("ct", "direction"): ("reply" if answers else "original",) if self.tracked and not self.untracked else None,
            (network, "saddr"): tuple((address, address) for address in sorted(map(int, self.sources))),
            (network, "daddr"): tuple((address, address) for address in destinations) or None,
            (network, "version"): _one(self.version),
        }
        known["ip", "protocol"] = _one(6) if network == "ip" else ABSENT
        known["ip6", "nexthdr"] = _one(6) if network == "ip6" else ABSENT
        named, other = ("oif", "iif") if self.kind.leaves else ("iif", "oif")
        for name in ("", "name"):
            known["meta", f"{named}{name}"] = self.interfaces or None
            known["meta", f"{other}{name}"] = ("",)
        there, here = ("sport", "dport") if answers else ("dport", "sport")
        for transport in ("tcp", "th"):
            known[transport, there] = (self.ports,)
            known[transport, here] = (_EPHEMERAL,)
        known["tcp", "flags"] = _one(self.kind.flags)
        if self.kind.later:  # the last packet of a piece of data has another flag
            known["tcp", "flags"] = (*_one(self.kind.flags), *_one(self.kind.flags | TCP_FLAGS["psh"]))
        if self.of_root and self.kind.leaves and not answers:
            known["meta", "skuid"] = _one(0)
        if self.clock is not None:
            known.update(_times(*self.clock))
        if network == "ip":
            known["ip", "frag-off"] = (*_one(0), *_one(0x4000))  # whole, with or without "don't fragment"
        return known


def _one(number: int) -> Values:
    return ((number, number),)


#: Seconds from the host's answer on for which a judgement must hold.
_HOLDS = 3600
_DAY = 86_400
#: From the first day of 1970 on.
DAYS = ("Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday")


def _times(now: int, east: int) -> Iterator[tuple[tuple[str, str], Values]]:
    """Yield the times at which the packets may be sent: by the host's clock, and by UTC, as iptables has it.

    nft prints hours and times in the zone of the host, but the kernel may take days by UTC.
    """
    days = set()
    for name, begin in (("", now + east), ("utc-", now)):
        times = (begin, begin + _HOLDS)
        hour = begin % _DAY
        days |= {DAYS[at // _DAY % 7] for at in times}
        yield ("meta", f"{name}time"), (times,)
        if hour + _HOLDS < _DAY:
            yield ("meta", f"{name}hour"), ((hour, hour + _HOLDS),)
    if len(days) == 1:
        yield ("meta", "day"), tuple(days)


@lru_cache(maxsize=1 << 15)  # one rule is evaluated for each of many ports
def _address(written: str) -> int | None:
    try:
        return int(ip_address(written))
    except ValueError:
        return None


def is_word_space(space: str, key: str) -> bool:
    """Report whether several words may be combined, one for each bit."""
    return (space, key) in (("ct", "state"), ("ct", "status"), ("tcp", "flags"))


def number(space: str, key: str, written: Any) -> int | None:
    """Convert a number, word or address in a rule to a number; None if that is not possible."""
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
        return _address(written)
    if key in _TIMES:
        return _seconds(written)
    try:
        return int(written, 0)
    except ValueError:
        return -1 if words is PROTOCOLS else None  # a protocol whose name is not in our table


_TIMES = frozenset(("hour", "time", "utc-hour", "utc-time"))


def _seconds(written: str) -> int | None:
    """Return the seconds of a time since 1970, or of an hour since midnight."""
    text = written if "-" in written else f"1970-01-01 {written}"
    try:
        return int(datetime.fromisoformat(f"{text}+00:00").timestamp())
    except ValueError:
        return None
