"""Sets of ipset, which rules of iptables match by name: translated to matches with sets of nft.

`ipset save` prints a line for each set and each element, which follow the tables as remarks.
"""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import pairwise
from typing import Any, TypeAlias

from msgspec import Struct, field

from preflight.facts.firewall.match import any_of, matches
from preflight.facts.firewall.packet import Packet
from preflight.facts.firewall.rules import Json, Set, Table

#: The beginning of a remark.
REMARK = "# set "
#: Maximum number of lines about a set; of one with more, the rest is unknown.
MOST = 20_000
#: Seconds for which an element must still be in its set to count as one.
_STAYS = 3600
#: Maximum number of exceptions from a set's networks, each of which divides one into up to 128.
_MOST_EXCEPTIONS = 500
_FIELDS = {"ip": "addr", "net": "addr", "port": "port"}
#: Options of the match that change nothing about what it matches.
_HARMLESS = frozenset(("--update-counters", "--update-subcounters"))
_Network: TypeAlias = IPv4Network | IPv6Network
_Options: TypeAlias = Mapping[str, tuple[str, bool]]


class IpSet(Struct):
    """Set as `ipset save` prints it."""

    #: The properties of a packet that it is about, as ("ip", "port"); ("set",) for a list of sets.
    about: tuple[str, ...]
    family: str
    netmask: str | None
    #: Words of each element, and its options.
    elements: list[tuple[str, Sequence[str]]] = field(default_factory=list)
    #: True if rules add elements to it, or not all of them were read; and if rules remove elements.
    grows: bool = False
    shrinks: bool = False


def parse_sets(text: str) -> Mapping[str, IpSet]:
    """Parse the remarks about sets behind the output of iptables-save."""
    found: dict[str, IpSet] = {}
    if REMARK not in text:
        return found
    lines = text.splitlines()
    for line in lines:
        if not line.startswith(REMARK):
            continue
        what, name, first, *rest = [*line.removeprefix(REMARK).split(), "", "", ""][:64]
        if what == "create":
            options = dict(pairwise(rest))
            kind, _, about = first.partition(":")
            known = kind in ("hash", "bitmap", "list")
            found[name] = IpSet(
                tuple(about.split(",")) if known else (), options.get("family", "inet"), options.get("netmask")
            )
        elif what == "add" and name in found:
            found[name].elements.append((first, [word for word in rest if word]))
    for one in found.values():
        one.grows = len(one.elements) >= MOST
    for line in lines:
        if not line.startswith(("#", ":")) and " SET " in line:
            words = line.split()
            for option, name in pairwise(words):
                if name in found:
                    found[name].grows |= option == "--add-set"
                    found[name].shrinks |= option == "--del-set"
    return found


def of_match(own: _Options, table: Table, sets: Mapping[str, IpSet]) -> Json | None:
    """Return the statement of a match with a set; None if what it matches is unknown."""
    if own.keys() - _HARMLESS != {"--match-set"}:
        return None  # counters of packets, and exceptions
    written, negated = own["--match-set"]
    name, directions = written.split()
    sides = directions.split(",")
    if name not in sets or not {*sides} <= {"src", "dst"}:
        return None
    named = sets[name]
    members = [one for one, _ in named.elements] if named.about == ("set",) else [name]
    parts: list[Json] = []
    for member in members:
        of_member = _parts(member, sides, table, sets)
        if of_member is None:
            return None
        parts += of_member
    text = f"{'! ' * negated}match-set {written}"
    return {
        "ipset": {"parts": parts, "negated": negated, "changes": named.about == ("set",) and named.grows, "text": text}
    }


def is_in(packet: Packet, sets: Mapping[str, Set], body: Json) -> bool | None:
    """Report whether the packet matches the statement of `of_match`."""
    answers: Iterable[bool | None] = (matches(packet, sets, part) for part in body["parts"])
    # of a list to which rules add sets, what is in none of those that it has now may be in another one
    found = any_of([*answers, None if body["changes"] else False])
    return found if found is None or not body["negated"] else not found


def _parts(name: str, sides: Sequence[str], table: Table, sets: Mapping[str, IpSet]) -> list[Json] | None:
    """Return the matches with the lasting elements of a set and with those that will leave it; None if unknown."""
    named = sets.get(name)
    if named is None or not named.about or not {*named.about} <= _FIELDS.keys() or len(sides) < len(named.about):
        return None
    left = [_left(about, side, named.family) for about, side in zip(named.about, sides, strict=False)]
    parts = []
    for lasting in (True, False):
        elements = _elements(named, lasting=lasting)
        if elements is None:
            return None
        if not elements and not lasting:
            continue
        of_set = f"ipset {name}{'' if lasting else ' for now'}"
        table.sets[of_set] = Set(elements, dynamic=named.grows, counts=named.shrinks or not lasting)
        parts.append({"op": "==", "left": left[0] if len(left) == 1 else {"concat": left}, "right": f"@{of_set}"})
    return parts


def _left(about: str, side: str, family: str) -> Json:
    if about == "port":
        return {"payload": {"protocol": "th", "field": "sport" if side == "src" else "dport"}}
    protocol = "ip6" if family == "inet6" else "ip"
    return {"payload": {"protocol": protocol, "field": "saddr" if side == "src" else "daddr"}}


def _elements(named: IpSet, *, lasting: bool) -> list[Json] | None:
    """Return the elements that stay, or those that do not; None if they cannot be translated."""
    found: list[Json] = []
    exceptions: list[_Network] = []
    for written, options in named.elements:
        if _stays(options) is not lasting and "nomatch" not in options:
            continue
        words = written.split(",")
        if len(words) != len(named.about):
            return None
        try:
            values = [_value(about, word, named.netmask) for about, word in zip(named.about, words, strict=True)]
            if "nomatch" in options:
                if len(words) > 1:
                    return None
                exceptions.append(ip_network(written))
                continue
        except ValueError:
            return None
        if None not in values:  # of another protocol than TCP
            found.append(values[0] if len(values) == 1 else {"concat": values})
    return found if not exceptions else _without(found, exceptions)


def _stays(options: Sequence[str]) -> bool:
    timeouts = [after for word, after in pairwise(options) if word == "timeout"]
    return not timeouts or not timeouts[0].isdecimal() or int(timeouts[0]) == 0 or int(timeouts[0]) >= _STAYS


def _value(about: str, word: str, netmask: str | None) -> Json:
    """Return an element's value of one property; None if no packet of TCP has it. Raises `ValueError`."""
    if about == "port":
        protocol, _, port = word.rpartition(":")
        if protocol not in ("", "tcp"):
            return None
        low, _, high = port.partition("-")
        return {"range": [int(low), int(high)]} if high else int(low)
    low, _, high = word.partition("-")
    if high:
        return {"range": [str(ip_network(low).network_address), str(ip_network(high).network_address)]}
    network = ip_network(word if netmask is None else f"{word}/{netmask}")
    return {"prefix": {"addr": str(network.network_address), "len": network.prefixlen}}


def _without(elements: Sequence[Any], exceptions: Sequence[_Network]) -> list[Json] | None:
    """Return networks without the exceptions in them: the smallest network that has an address decides."""
    if len(exceptions) > _MOST_EXCEPTIONS:
        return None
    networks: list[Any] = [ip_network(f"{one['prefix']['addr']}/{one['prefix']['len']}") for one in elements]
    for exception in exceptions:
        left: list[Any] = []
        for network in networks:
            is_around = network.version == exception.version and exception.subnet_of(network)
            left += network.address_exclude(exception) if is_around else [network]
        networks = left
    return [{"prefix": {"addr": str(one.network_address), "len": one.prefixlen}} for one in networks]
