"""What a host's packet filter does with a new connection to one of its ports.

A migration's data comes in by a port that nothing listens on until the migration begins, so it cannot be tried.
"""

import enum
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Self

from msgspec import Struct

from preflight.facts.addresses import OwnAddresses
from preflight.facts.firewall_iptables import parse_iptables, without_doubles
from preflight.facts.firewall_packet import Packet
from preflight.facts.firewall_rules import NOT_NFT, Json, Table, parse_nft
from preflight.facts.firewall_walk import UNKNOWN, walk
from preflight.facts.record import Fact, Record, Unreadable


class Action(enum.StrEnum):
    """What happens to a packet."""

    ACCEPT = "accept"
    #: Silently: the other end waits until it gives up.
    DROP = "drop"
    #: The other end is told, and fails at once.
    REJECT = "reject"


class Judgement(Struct, frozen=True, kw_only=True):
    """What happens to a new connection, and why."""

    action: Action
    #: The rule or policy that decides, as `table inet filter chain input: policy drop`; None when nothing forbids it.
    rule: str | None


class Firewall(Fact, frozen=True, kw_only=True):
    """All rules of nftables and of iptables that a packet for this host may meet."""

    tables: tuple[Table, ...]
    #: The interfaces that rules name, but the loopback, and one that none names.
    interfaces: tuple[str, ...]
    #: Some rule gives packets a mark.
    gives_marks: bool

    @classmethod
    def parse(cls, nft: Record, iptables: Record) -> Self:
        """Read `nft -j list ruleset` (missing where nft is not installed) and what iptables-save printed."""
        found = () if nft.missing else parse_nft(nft.required())
        try:
            tables = without_doubles(found, parse_iptables(iptables.required()))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise Unreadable("the rules of iptables are not of the form that iptables-save writes") from None
        try:
            marked = any(map(_gives_marks, _statements(tables)))
            return cls(tables=tables, interfaces=_interfaces(tables), gives_marks=marked)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Unreadable(NOT_NFT) from None

    def judge(self, port: int, source_addresses: Sequence[str], own: OwnAddresses | None = None) -> Judgement:
        """What happens to a new TCP connection to `port` from any of these addresses.

        `own` are this host's addresses: they tell by which interface, and to which address, a packet may come, and
        a source address of a version of IP that the host does not have is left out. Without them any interface that a
        rule names may be the one, and any other. Raises `Unreadable` when it cannot be told.
        """
        found: dict[Action, str] = {}
        for written in source_addresses:
            try:
                source = ip_address(written)
            except ValueError:
                raise Unreadable(f"{written} is not an address") from None
            met_by = () if own is None else own.met_by(written)
            addresses = tuple(met.address for met in met_by)
            interfaces = self.interfaces if own is None else tuple(dict.fromkeys(met.interface for met in met_by))
            for interface in interfaces:
                packet = Packet(port, source, interface, addresses, self.gives_marks)
                action, rule = self._judge(packet)
                found.setdefault(action, rule)
        if not found:
            raise Unreadable("no address is known that a connection might come from")
        return _one(found, f"whether port {port} is open depends on the interface or address that is used")

    def _judge(self, packet: Packet) -> tuple[Action, str]:
        try:
            outcomes, unsure = walk(packet, self.tables)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
            raise Unreadable(NOT_NFT) from None
        if UNKNOWN in outcomes:
            raise Unreadable(f"the firewall hands port {packet.port} to what cannot be judged: {outcomes[UNKNOWN]}")
        why = f"the firewall's answer for port {packet.port} cannot be told: {unsure[-1] if unsure else ''}"
        judged = _one({Action(action): rule for action, rule in outcomes.items()}, why)
        return judged.action, judged.rule or ""


#: No rule names it: it is not even a name that the kernel would take.
_NAMELESS = "an interface/"
_LONGEST_NAME = 15  # IFNAMSIZ with its NUL is 16, include/uapi/linux/if.h


def _one(found: dict[Action, str], why: str) -> Judgement:
    """The one judgement; where it is either a drop or a rejection, a drop: both keep the connection out."""
    if Action.ACCEPT in found and len(found) > 1:
        raise Unreadable(why)
    action = Action.DROP if Action.DROP in found else next(iter(found))
    return Judgement(action=action, rule=found[action] or None)


def _statements(tables: Sequence[Table]) -> Iterator[Json]:
    for table in tables:
        for chain in table.chains.values():
            for rule in chain.rules:
                yield from rule.statements


def _interfaces(tables: Sequence[Table]) -> tuple[str, ...]:
    """Every interface that a rule or chain names, but the loopback, and one that none names."""
    names: set[str] = set()
    for table in tables:
        for chain in table.chains.values():
            names.update(chain.devices)
        for statement in _statements([table]):
            for body in statement.values():
                asked = body.get("left", body.get("key")) if isinstance(body, dict) else None
                if "'iif" in str(asked):
                    names.update(_words([body.get("right"), body.get("data")], table))
    return (*sorted(name.replace("*", "0") for name in names - {"lo"}), _NAMELESS)


def _words(body: Json, table: Table) -> Iterator[str]:
    """The words in an expression, and in the sets that it names."""
    stack = [body]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list | tuple):
            stack.extend(one)
        elif isinstance(one, str) and one.startswith("@"):
            stack.extend(table.sets[one[1:]].elements)
        elif isinstance(one, str) and len(one) <= _LONGEST_NAME:
            yield one


def _gives_marks(statement: Json) -> bool:
    mangle, xt = (statement.get(kind) if isinstance(statement, dict) else None for kind in ("mangle", "xt"))
    if isinstance(mangle, dict) and "mark" in str(mangle.get("key")):
        return True
    return isinstance(xt, dict) and xt.get("type") == "target" and xt.get("name") in {"MARK", "CONNMARK"}
