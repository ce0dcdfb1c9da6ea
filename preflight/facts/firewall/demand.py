"""Connections of migrations, counted by the rates of both hosts' firewalls.

A connection from the source to the destination passes four sets of rules: the source's for what leaves, the
destination's for what arrives, and, for the answer, the destination's for what leaves and the source's for what
arrives.
"""

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from preflight.facts.fact import Unreadable
from preflight.facts.firewall.both_ends import BothEnds
from preflight.facts.firewall.firewall import Firewall, Flow, flows
from preflight.facts.firewall.packet import ACCEPTED, ACCEPTING, LEAVING, Kind
from preflight.facts.firewall.rate import Rate
from preflight.facts.firewall.recent import RecentLists
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.network.came_from import CameFrom
from preflight.facts.network.open_connections import OpenConnections
from preflight.request.check_request import OWN, Connections, Migration

#: Number of migrations up to which connections to different ports are counted one by one.
_MOST = 10_000

#: The rates that packets meet, by their port, each with the rule beyond it.
Met: TypeAlias = Mapping[int, Iterable[tuple[Rate, str]]]


class Direction(enum.StrEnum):
    """The part of a connection that a firewall counts, in words before the name of the connection."""

    INCOMING = ""
    OUTGOING = "outgoing "
    ANSWERS = "answers of "


class Counted(Struct, frozen=True):
    """Connections, and the ports of them that a rate counts."""

    connections: Connections
    ports: frozenset[int]


class Demand(Struct, frozen=True):
    """A rate of one host's firewall, and the connections that it counts."""

    at_source: bool
    direction: Direction
    rate: Rate
    #: The rule that applies beyond the rate, as "drop by table inet filter chain input: ...".
    blocked: str
    counted: tuple[Counted, ...]
    #: The addresses that the packets come from.
    sources: tuple[str, ...]

    @property
    def what(self) -> str:
        """The connections in words, as "outgoing ssh + data"."""
        return self.direction.value + " + ".join(dict.fromkeys(one.connections.what for one in self.counted))

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that the rate counts, in order."""
        return tuple(sorted({port for one in self.counted for port in one.ports}))

    @property
    def own(self) -> int:
        """The number of preflight's own connections among them."""
        return max((one.connections.own for one in self.counted), default=0)

    @property
    def each(self) -> int:
        """The greatest number of connections of one migration that the rate counts."""
        return sum(one.connections.each for one in self.counted)

    def used(self, lists: RecentLists, connections: OpenConnections | None) -> int | None:
        """Return what is used up now, from the lists of recent sources of the host and its open connections, if known.

        None if that is unknown: of a token bucket, and of connections to other hosts.
        """
        if self.rate.name:
            return lists.seen(self.rate.name, self.sources, self.rate.seconds)
        if self.rate.interval is not None or self.direction is not Direction.INCOMING or connections is None:
            return None
        return connections.to(self.ports, self.sources if self.rate.per_source else None)

    def of(self, migrations: int) -> int:
        """Return the connections of so many migrations, without preflight's own."""
        return sum(one.connections.of(migrations, one.ports) for one in self.counted)

    def allows(self, left: int) -> int:
        """Return the number of migrations whose connections fit into the part that is left.

        Those to ports that the rate does not count are limited by the number of ports.
        """
        differ = [len(one.connections.ports) for one in self.counted if not one.connections.shared]
        if not differ:
            return max(0, left) // self.each
        most = min(_MOST, *differ)
        return next((number for number in range(most) if self.of(number + 1) > left), most)


class Traffic(Struct, frozen=True, kw_only=True):
    """The connections of migrations, and the facts of both hosts from which their rates follow."""

    ends: BothEnds
    migration: Migration
    #: The destination's addresses that the memory goes to; empty if they are unknown.
    addresses: Sequence[str]
    #: preflight's logins to the hosts.
    source_login: CameFrom
    destination_login: CameFrom
    #: The ports of sshd, where they are known.
    source_sshd: int | None
    destination_sshd: int | None
    #: The ports of the destination's migration range, those that are free and those that are not.
    free: Sequence[int]
    taken: Sequence[int]

    def demands(self) -> tuple[list[Demand], str | None]:
        """Return the rates that the connections meet, and why those of some connections are unknown."""
        if not (self.ends.source.has_rates or self.ends.destination.has_rates):
            return [], None
        from_source = self.ends.source_own.global_addresses
        control = list(self.migration.control_connections(self.destination_login.port or self.destination_sshd))
        data = list(self.migration.data_connections(self.free, self.taken))
        client = () if self.migration.peer_to_peer else self.destination_login.addresses
        gathered, why = _Gathered(), None
        arriving = [*((one, client or from_source) for one in control), *((one, from_source) for one in data)]
        for connections, sources in arriving:
            met, unknown = _arriving(self.ends.destination, self.ends.destination_own, connections, sources)
            gathered.add(Direction.INCOMING, connections, sources, met, at_source=False)
            why = why or unknown
        port = self.source_login.port or self.source_sshd
        if self.migration.source_over_ssh and port is not None and (sources := self.source_login.addresses):
            login = Connections("ssh", (port,), 1, OWN)
            met, unknown = _arriving(self.ends.source, self.ends.source_own, login, sources)
            gathered.add(Direction.INCOMING, login, sources, met, at_source=True)
            why = why or unknown
        # the client of a managed migration is the source itself, or a machine whose firewall is not known
        leave = self.migration.peer_to_peer or not self.migration.source_over_ssh
        for connections in (*(control if leave else ()), *data):
            for passage in _passages(self.ends, self.addresses):
                met = _passing(passage, connections)
                gathered.add(passage.direction, connections, passage.sources, met, at_source=passage.at_source)
        return gathered.demands(), why


class _Passage(NamedTuple):
    """Rules that packets pass, other than the destination's for what arrives."""

    at_source: bool
    direction: Direction
    firewall: Firewall
    kind: Kind
    flows: Sequence[Flow]
    sources: tuple[str, ...]


class _Gathered:
    """Rates, each once, with all connections that it counts."""

    def __init__(self) -> None:
        self._ports: dict[tuple[bool, Direction, Rate], dict[Connections, set[int]]] = {}
        self._rest: dict[tuple[bool, Direction, Rate], tuple[str, dict[str, None]]] = {}

    def add(
        self, direction: Direction, connections: Connections, sources: Sequence[str], met: Met, *, at_source: bool
    ) -> None:
        """Add the rates that connections meet at one place."""
        for port, rates in met.items():
            for rate, blocked in rates:
                key = at_source, direction, rate
                self._ports.setdefault(key, {}).setdefault(connections, set()).add(port)
                self._rest.setdefault(key, (blocked, {}))[1].update(dict.fromkeys(sources))

    def demands(self) -> list[Demand]:
        """Return those that count a connection of the migrations, not only others to the ports of the same range."""
        return [
            Demand(
                at_source=key[0],
                direction=key[1],
                rate=key[2],
                blocked=self._rest[key][0],
                counted=tuple(Counted(one, frozenset(some)) for one, some in of.items()),
                sources=tuple(self._rest[key][1]),
            )
            for key, of in self._ports.items()
            if any(not some <= set(one.taken) for one, some in of.items())
        ]


def _arriving(
    firewall: Firewall, own: OwnAddresses, connections: Connections, sources: Sequence[str]
) -> tuple[Met, str | None]:
    """Return the rates of a host that connections from these addresses meet, or why they are unknown."""
    if not firewall.has_rates:
        return {}, None
    try:
        judged = firewall.judge_all(_ports(connections), sources, own)
    except Unreadable as why:
        return {}, str(why)
    return {port: one.rates for port, one in judged}, None


def _ports(connections: Connections) -> list[int]:
    return sorted({*connections.ports, *connections.taken})


def _passages(ends: BothEnds, addresses: Sequence[str]) -> Iterator[_Passage]:
    leaving = flows(ends.source_own, addresses)
    here = tuple(one for flow in leaving for one in flow.here)
    there = tuple(one for flow in leaving for one in flow.there)
    answering = flows(ends.destination_own, here, addresses)
    for at_source, direction, kind, some, sources in (
        (True, Direction.OUTGOING, LEAVING, leaving, here),
        (False, Direction.ANSWERS, ACCEPTING, answering, there),
        (True, Direction.ANSWERS, ACCEPTED, leaving, there),
    ):
        firewall = ends.source if at_source else ends.destination
        if some and firewall.has_rates:
            yield _Passage(at_source, direction, firewall, kind, some, sources)


def _passing(passage: _Passage, connections: Connections) -> Met:
    """Return the rates that packets of each port meet, where they are known."""
    found: dict[int, Iterable[tuple[Rate, str]]] = {}
    left = [_ports(connections)]
    while left:
        some = left.pop()
        fates = [passage.firewall.fate(some, flow, passage.kind) for flow in passage.flows]
        if None not in fates:
            met = dict.fromkeys(one for fate in fates if fate is not None for one in fate.rates)
            found.update(dict.fromkeys(some, tuple(met)))
        elif len(some) > 1:
            middle = len(some) // 2
            left += [some[middle:], some[:middle]]
    return found
