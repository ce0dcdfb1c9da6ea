"""Effect of a host's packet filter on a new connection to one of its ports.

The data of a migration arrives on a port on which nothing listens until the migration begins, so it cannot be tried.
"""

import enum
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple, Self, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.firewall.iptables import parse_iptables, without_doubles
from preflight.facts.firewall.packet import Kind, Packet, Work
from preflight.facts.firewall.rate import Rate, limits_a_rate
from preflight.facts.firewall.rules import LEAVING_HOOKS, NOT_NFT, Chain, Json, Table, clock_of, parse_nft
from preflight.facts.firewall.walk import UNKNOWN, Outcomes, Rates, notices, walk
from preflight.facts.network.addresses import InterfaceAddress, OwnAddresses, address_of, plain

Source: TypeAlias = IPv4Address | IPv6Address


#: Reason why a connection that no known rule blocks may be blocked.
_UNLISTED = "nft is not installed, and the kernel's nf_tables may have rules that only nft lists"


class Action(enum.StrEnum):
    """Fate of a packet."""

    ACCEPT = "accept"
    #: Dropped silently: the other end waits until it times out.
    DROP = "drop"
    #: Rejected with a message: the other end fails at once.
    REJECT = "reject"
    #: Sent to another port or another host than those that wait for it.
    REDIRECT = "redirect"


class Judgement(Struct, frozen=True, kw_only=True):
    """Fate of a new connection, and the reason."""

    action: Action
    #: The rule or policy that decides, as `table inet filter chain input: policy drop`; None if nothing forbids it.
    rule: str | None
    #: Rates beyond which the connection would be blocked by a rule, each with that rule.
    rates: tuple[tuple[Rate, str], ...] = ()
    #: What counts the packet, by `Rate.counter`, whether it is blocked beyond the rate or not.
    counters: frozenset[str] = frozenset()
    #: True if a rule on the way keeps a record of the connection: a log, a mark, a list, or a rate.
    noticed: bool = False


#: What a host without rules does with any connection.
_UNHINDERED = Judgement(action=Action.ACCEPT, rule=None)


class Firewall(Fact, frozen=True, kw_only=True, dict=True):
    """All rules of nftables and iptables that may apply to a packet for this host."""

    tables: tuple[Table, ...]
    #: The names of interfaces in rules; a name that ends with `*` is a prefix.
    names: frozenset[str]
    #: The interfaces that rules name, except the loopback, and one that no rule names.
    interfaces: tuple[str, ...]
    #: True if some rule sets a mark on packets.
    gives_marks: bool
    #: False if nftables may have further rules: then a connection that the known ones block is blocked, and no other
    #: fate is known.
    is_complete: bool
    #: The host's time in seconds, and those of its time zone east of UTC; None if no rule depends on it.
    clock: tuple[int, int] | None = None

    @classmethod
    def parse(cls, nft: Record, iptables: Record) -> Self:
        """Parse `nft -j list ruleset` and the output of iptables-save.

        The former is missing if nft is not installed on a host whose kernel may have rules that only nft lists.
        """
        found = () if nft.missing else parse_nft(nft.required())
        try:
            tables = without_doubles(found, parse_iptables(iptables.required()))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise Unreadable("the iptables rules are not in the format of iptables-save") from None
        try:
            marked = any(map(_gives_marks, _statements(tables)))
            names = _interfaces(tables)
            interfaces = (*sorted(name.replace("*", "0") for name in names - {"lo"}), _NAMELESS)
            return cls(
                tables=tables,
                names=names,
                interfaces=interfaces,
                gives_marks=marked,
                is_complete=not nft.missing,
                clock=clock_of(nft.out),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Unreadable(NOT_NFT) from None

    def judge(self, port: int, source_addresses: Sequence[str], own: OwnAddresses | None = None) -> Judgement:
        """Return the fate of a new TCP connection to `port` from any of these addresses; see `judge_all`."""
        ((_, judgement),) = self.judge_all([port], source_addresses, own)
        return judgement

    def judge_all(
        self, ports: Sequence[int], source_addresses: Sequence[str], own: OwnAddresses | None = None
    ) -> list[tuple[int, Judgement]]:
        """Return the fate of a new TCP connection to each of the ports from any of these addresses.

        `own` are this host's addresses: they determine on which interface, and to which address, a packet may arrive.
        Source addresses of an IP version that the host does not have are left out. Without `own`, a packet may arrive
        on any interface, named in a rule or not. Raises `Unreadable` if the outcome cannot be determined.

        All packets are evaluated at once, and split in halves only where rules distinguish them, so that 64 ports,
        2,000 addresses and 30,000 rules take as long as one port and one address.
        """
        if not self.tables and self.is_complete and _may_arrive(source_addresses, own):
            return [(port, _UNHINDERED) for port in ports]
        ways = self._ways(source_addresses, own)
        if ports and not ways:
            raise Unreadable("no address is known from which a connection might come")
        work = Work()
        judged: list[tuple[int, Judgement]] = []
        left = [tuple(ports)] if ports else []
        while left:
            some = left.pop()
            found = self._found(some, ways, work)
            if found is None:
                middle = len(some) // 2
                left += [some[middle:], some[:middle]]
                continue
            one = _one(found.actions, f"whether port {some[0]} is open depends on the interface or address used")
            if one.action is Action.ACCEPT and not self.is_complete:
                raise Unreadable(_UNLISTED)
            one = replace(one, rates=tuple(found.rates.items()), noticed=found.noticed)
            judged += [(port, one) for port in some]
        return judged

    @cached_property
    def has_rates(self) -> bool:
        """True if a rule applies to a connection depending on others."""
        return any(limits_a_rate(kind, body) for one in _statements(self.tables) for kind, body in one.items())

    @cached_property
    def tells_later_ones_apart(self) -> bool:
        """True if a rule may tell the packets of an open connection from the one that opens it."""
        return any(_tells_later_ones_apart(body) for one in _statements(self.tables) for body in one.values())

    @cached_property
    def notices_what_leaves(self) -> bool:
        """True if a rule that an outgoing connection may meet keeps a record of it: a log, a mark, a list, or a rate.

        Raises `Unreadable` if nftables may have further rules.
        """
        if not self.is_complete:
            raise Unreadable(_UNLISTED)
        return any(
            notices(kind, body)
            for table in self.tables
            for chain in _reached(table, LEAVING_HOOKS)
            for rule in chain.rules
            for statement in rule.statements
            for kind, body in statement.items()
        )

    def blocked(
        self, ports: Sequence[int], flows: Sequence["Flow"], kind: Kind, *, of_root: bool = False
    ) -> dict[str, list[int]]:
        """Return the ports of which all flows are blocked for certain, by the rule or policy that blocks the first.

        `of_root` if root opens the connections.
        """
        found: dict[str, list[int]] = {}
        left = [tuple(ports)] if ports and flows and self.tables else []
        while left:
            some = left.pop()
            fates = [self.fate(some, flow, kind, of_root=of_root) for flow in flows]
            if None in fates and len(some) > 1:
                middle = len(some) // 2
                left += [some[middle:], some[:middle]]
            elif all(fate is not None and fate.action is not Action.ACCEPT for fate in fates):
                first = fates[0]
                assert first is not None
                found.setdefault(f"{first.action} by {first.rule}", []).extend(some)
        return found

    def fate(self, ports: Sequence[int], flow: "Flow", kind: Kind, *, of_root: bool = False) -> Judgement | None:
        """Return the fate of the packets of this kind, for all of the ports; None if it differs or is unknown."""
        here, there = (tuple(map(address_of, some)) for some in (flow.here, flow.there))
        packet = Packet(
            (min(ports), max(ports)),
            here if kind.leaves else there,
            flow.interfaces,
            tuple(map(str, there if kind.leaves else here)),
            clock=self.clock,
            marked=self.gives_marks,
            of_root=of_root,
            kind=kind,
        )
        try:
            return self._judge(packet, exactly=False)
        except Unreadable:
            return None

    def _ways(self, source_addresses: Sequence[str], own: OwnAddresses | None) -> list["_Way"]:
        """Return the interfaces on which, and the addresses to which, packets from the sources may arrive."""
        sources: dict[tuple[int, int], list[Source]] = {}
        met_by: dict[int, tuple[InterfaceAddress, ...]] = {}
        for written in source_addresses:
            source = _source(written)
            met = () if own is None else own.met_by(written)
            if own is None or met:
                # equal addresses are the same tuple
                met_by[id(met)] = met
                sources.setdefault((source.version, id(met)), []).append(source)
        return [
            _Way(
                tuple(dict.fromkeys(same)),
                self.interfaces if own is None else self._told_apart(met.interface for met in met_by[key]),
                tuple(met.address for met in met_by[key]),
                () if own is None else tuple(one.address for one in own.addresses),
            )
            for (_, key), same in sources.items()
        ]

    def _told_apart(self, interfaces: Iterable[str]) -> tuple[str, ...]:
        """Return the interfaces that rules name, and one of all others, which are the same to every rule."""
        named, others = list[str](), list[str]()
        for one in dict.fromkeys(interfaces):
            (named if one in self.names or one.startswith(self._beginnings) else others).append(one)
        return (*named, *others[:1])

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        return tuple(name[:-1] for name in self.names if name.endswith("*"))

    def _found(self, ports: Sequence[int], ways: Iterable["_Way"], work: Work) -> "_Fates | None":
        """Return the possible fates of connections to these ports, with reasons; None if they differ between ports."""
        found = _Fates()
        for way in ways:
            left = [(way.sources, way.interfaces)]
            while left:
                sources, interfaces = left.pop()
                is_one = len(ports) == len(sources) == len(interfaces) == 1
                span = (min(ports), max(ports))
                packet = Packet(
                    span, sources, interfaces, way.addresses, way.local, self.clock, self.gives_marks, work=work
                )
                judged = self._judge(packet, exactly=is_one)
                if judged is not None:
                    found.actions.setdefault(judged.action, judged.rule or "")
                    found.rates.update(judged.rates)
                    found.noticed = found.noticed or judged.noticed
                elif len(ports) > 1:
                    return None
                elif len(sources) > 1:
                    middle = len(sources) // 2
                    left += [(sources[middle:], interfaces), (sources[:middle], interfaces)]
                else:
                    middle = len(interfaces) // 2
                    left += [(sources, interfaces[middle:]), (sources, interfaces[:middle])]
        return found

    def _judge(self, packet: Packet, *, exactly: bool) -> Judgement | None:
        """Return the fate of all of these packets; None if it may differ. With `exactly`, there is only one packet."""
        calm = Rates()
        judged = self._walked(packet, calm, exactly=exactly)
        if judged is not None and calm.noticed:
            judged = replace(judged, noticed=True)
        if judged is None or not calm.met:
            return judged
        if judged.action is not Action.ACCEPT:
            return self._blocked_within(packet, judged, calm, exactly=exactly)
        blocked: dict[Rate, str] = {}
        for rate in calm.met:
            beyond = self._walked(packet, Rates([rate]), exactly=exactly)
            if beyond is None:
                return None
            if beyond.action is not Action.ACCEPT:
                blocked[rate] = f"{beyond.action} by {beyond.rule}"
        if not blocked:
            # one accepts what exceeds the other: the greater of them lets at least that much pass
            met = dict(calm.met)
            while True:
                all_exhausted = Rates(met)
                beyond = self._walked(packet, all_exhausted, exactly=exactly)
                if beyond is None:
                    return None
                if not all_exhausted.met.keys() - met.keys():
                    break
                met |= all_exhausted.met
            if beyond.action is not Action.ACCEPT:
                blocked[max(met, key=lambda rate: rate.most)] = f"{beyond.action} by {beyond.rule}"
        rates = tuple((rate.shared_by(calm.met.get(rate, 1)), why) for rate, why in blocked.items())
        counters = frozenset(rate.counter for rate in calm.met if rate.interval is not None)
        return replace(judged, rates=rates, counters=counters)

    def _blocked_within(self, packet: Packet, judged: Judgement, calm: Rates, *, exactly: bool) -> Judgement | None:
        """Return the judgement if it holds beyond the rates too; otherwise raise `Unreadable`, or return None."""
        beyond = self._walked(packet, Rates(calm.met), exactly=exactly)
        if beyond is not None and beyond.action is Action.ACCEPT:
            if exactly:
                raise Unreadable(
                    f"the firewall's decision on port {packet.ports[0]} cannot be determined: {judged.rule} blocks only"
                    " connections within a rate"
                )
            return None
        return judged

    def _walked(self, packet: Packet, rates: Rates, *, exactly: bool) -> Judgement | None:
        outcomes, unsure = self._outcomes(packet, rates)
        if not exactly:
            is_sure = len(outcomes) == 1 and UNKNOWN not in outcomes and (not unsure or "accept" in outcomes)
            (action, rule), *_ = outcomes.items()
            return Judgement(action=Action(action), rule=rule or None) if is_sure else None
        port = packet.ports[0]
        if UNKNOWN in outcomes:
            raise Unreadable(f"the firewall handles port {port} in a way that cannot be predicted: {outcomes[UNKNOWN]}")
        why = f"the firewall's decision on port {port} cannot be determined: {unsure[-1] if unsure else ''}"
        return _one({Action(action): rule for action, rule in outcomes.items()}, why)

    def _outcomes(self, packet: Packet, rates: Rates) -> tuple[Outcomes, list[str]]:
        try:
            return walk(packet, self.tables, rates)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
            raise Unreadable(NOT_NFT) from None


def _source(written: str) -> Source:
    try:
        return address_of(written)
    except ValueError:
        raise Unreadable(f"{written} is not an IP address") from None


def _may_arrive(source_addresses: Sequence[str], own: OwnAddresses | None) -> bool:
    """Report whether a packet from any of these addresses may arrive at a host; raises `Unreadable`."""
    for written in source_addresses:
        _source(written)
    return any(own is None or own.met_by(written) for written in source_addresses)


class Flow(NamedTuple):
    """Addresses of this host, of the other one, all of one IP version, and the interfaces between them."""

    here: tuple[str, ...]
    there: tuple[str, ...]
    interfaces: tuple[str, ...]


def flows(own: OwnAddresses, others: Iterable[str], among: Sequence[str] = ()) -> list[Flow]:
    """Return a flow for each IP version that this host has, between it and these addresses of the other host.

    If some of `among` are its own addresses, only those are used.
    """
    found = []
    for version in (4, 6):
        there = tuple(plain(one) for one in others if address_of(plain(one)).version == version)
        met = list(dict.fromkeys(one for address in there for one in own.met_by(address)))
        met = [one for one in met if one.address in among] or met
        if met:
            here, interfaces = zip(*((one.address, one.interface) for one in met), strict=True)
            found.append(Flow(tuple(dict.fromkeys(here)), there, tuple(dict.fromkeys(interfaces))))
    return found


class _Fates:
    """The possible fates of connections, each with its reason, and the rates that block them."""

    def __init__(self) -> None:
        self.actions: dict[Action, str] = {}
        self.rates: dict[Rate, str] = {}
        self.noticed = False


class _Way(NamedTuple):
    """Sources whose packets arrive on the same interfaces, for the same addresses."""

    sources: tuple[Source, ...]
    interfaces: tuple[str, ...]
    addresses: tuple[str, ...]
    #: All addresses of this host.
    local: tuple[str, ...]


#: Interface that no rule names: the kernel would not even accept such a name.
_NAMELESS = "an interface/"
_LONGEST_NAME = 15  # IFNAMSIZ with its NUL is 16, include/uapi/linux/if.h


def _one(found: dict[Action, str], why: str) -> Judgement:
    """Return the single judgement; DROP if both drop and reject are possible, since both block the connection."""
    if Action.ACCEPT in found and len(found) > 1:
        raise Unreadable(why)
    action = Action.DROP if Action.DROP in found else next(iter(found))
    return Judgement(action=action, rule=found[action] or None)


def _reached(table: Table, hooks: Sequence[str]) -> list[Chain]:
    """Return the chains that a packet may pass that enters the table through one of the hooks."""
    reached = {chain.name: chain for chain in table.chains.values() if chain.hook in hooks}
    left = list(reached.values())
    while left:
        chain = left.pop()
        kinds = {
            kind: body for rule in chain.rules for statement in rule.statements for kind, body in statement.items()
        }
        targets = {
            body["target"]
            for rule in chain.rules
            for statement in rule.statements
            for kind, body in statement.items()
            if kind in ("jump", "goto")
        }
        # a map of verdicts may lead anywhere
        for name in table.chains.keys() if "vmap" in kinds else targets:
            if name not in reached:
                reached[name] = table.chains[name]
                left.append(reached[name])
    return list(reached.values())


def _statements(tables: Sequence[Table]) -> Iterator[Json]:
    for table in tables:
        for chain in table.chains.values():
            for rule in chain.rules:
                yield from rule.statements


def _interfaces(tables: Sequence[Table]) -> frozenset[str]:
    """Return every interface that a rule or chain names."""
    names: set[str] = set()
    for table in tables:
        for chain in table.chains.values():
            names.update(chain.devices)
        seen: set[str] = set()
        for statement in _statements([table]):
            for body in statement.values():
                asked = body.get("left", body.get("key")) if isinstance(body, dict) else None
                if "'iif" in str(asked):
                    names.update(_words([body.get("right"), body.get("data")], table, seen))
    return frozenset(names)


def _words(body: Json, table: Table, seen: set[str]) -> Iterator[str]:
    """Yield the words in an expression and in the sets that it names, except sets that were seen before."""
    stack = [body]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list | tuple):
            stack.extend(one)
        elif isinstance(one, str) and one.startswith("@"):
            if one not in seen:  # a set may refer to itself
                seen.add(one)
                stack.extend(table.sets[one[1:]].elements)
        elif isinstance(one, str) and len(one) <= _LONGEST_NAME:
            yield one


def _tells_later_ones_apart(body: Json) -> bool:
    """Report whether a statement looks at the state of a connection, or at TCP's flags."""
    looked = body.get("left", body.get("key")) if isinstance(body, dict) else None
    if not isinstance(looked, dict) or "meta" in looked:
        return False
    return "ct" in looked or "flags" in str(looked) or "'ct'" in str(looked)


def _gives_marks(statement: Json) -> bool:
    mangle, xt = (statement.get(kind) if isinstance(statement, dict) else None for kind in ("mangle", "xt"))
    if isinstance(mangle, dict) and "mark" in str(mangle.get("key")):
        return True
    return isinstance(xt, dict) and xt.get("type") == "target" and xt.get("name") in {"MARK", "CONNMARK"}
