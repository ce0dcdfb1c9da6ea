"""The rates of both hosts' firewalls that the connections of migrations meet."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from preflight.facts.firewall.both_ends import BothEnds
from preflight.facts.firewall.demand import Counted, Demand, Direction
from preflight.facts.firewall.passages import Arrival, Later, Met, Passage, passages
from preflight.facts.firewall.rate import Rate
from preflight.facts.network.came_from import CameFrom
from preflight.request.check_request import OWN, Connections, Migration


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
            arrival = Arrival(False, self.ends.destination, self.ends.destination_own, connections, sources)  # noqa: FBT003 - a field
            why = gathered.add_arrival(arrival) or why
        port = self.source_login.port or self.source_sshd
        if self.migration.source_over_ssh and port is not None and (sources := self.source_login.addresses):
            login = Connections("ssh", (port,), 1, OWN)
            arrival = Arrival(True, self.ends.source, self.ends.source_own, login, sources)  # noqa: FBT003 - a field
            why = gathered.add_arrival(arrival) or why
        # the client of a managed migration is the source itself, or a machine whose firewall is not known
        leave = self.migration.peer_to_peer or not self.migration.source_over_ssh
        for connections in (*(control if leave else ()), *data):
            for passage in passages(self.ends, self.addresses):
                gathered.add_passage(passage, connections)
        return gathered.demands(), why


class _Gathered:
    """Rates, each once, with all connections that it counts."""

    def __init__(self) -> None:
        self._ports: dict[tuple[bool, Direction, Rate], dict[Connections, set[int]]] = {}
        self._rest: dict[tuple[bool, Direction, Rate], tuple[str, dict[str, None]]] = {}
        #: What becomes of the packets that follow.
        self._later: dict[tuple[bool, Direction], list[Later]] = {}

    def add_arrival(self, arrival: Arrival) -> str | None:
        """Add the rates that connections meet where they arrive; return why they are unknown, or None."""
        met, unknown = arrival.met()
        where = arrival.at_source, Direction.INCOMING
        self._add(where, arrival.connections, arrival.sources, met, arrival.later)
        return unknown

    def add_passage(self, passage: Passage, connections: Connections) -> None:
        """Add the rates that connections meet on their way."""
        where, met = (passage.at_source, passage.direction), passage.met_by(connections)
        self._add(where, connections, passage.sources, met, lambda: passage.later(connections))

    def _add(
        self,
        where: tuple[bool, Direction],
        connections: Connections,
        sources: Sequence[str],
        met: Met,
        later: Callable[[], Later],
    ) -> None:
        for port, rates in met.items():
            for rate, blocked in rates:
                key = *where, rate
                self._ports.setdefault(key, {}).setdefault(connections, set()).add(port)
                self._rest.setdefault(key, (blocked, {}))[1].update(dict.fromkeys(sources))
        if any(met.values()):
            self._later.setdefault(where, []).append(later())

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
                counts_all=any(key[2].counter in one.counted for one in self._later[key[:2]]),
                blocks_all=any(key[2].counter in one.blocked for one in self._later[key[:2]]),
            )
            for key, of in self._ports.items()
            if any(not some <= set(one.taken) for one, some in of.items())
        ]
