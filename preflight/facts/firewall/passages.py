"""Sets of rules that a connection from the source to the destination passes.

There are four: the source's for what leaves, the destination's for what arrives, and, for the answer, the destination's
for what leaves and the source's for what arrives.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from preflight.facts.fact import Unreadable
from preflight.facts.firewall.both_ends import BothEnds
from preflight.facts.firewall.demand import Direction
from preflight.facts.firewall.firewall import Firewall, Flow, flows
from preflight.facts.firewall.packet import ACCEPTED, ACCEPTING, ARRIVING, LEAVING, Kind
from preflight.facts.firewall.rate import Rate
from preflight.facts.network.addresses import OwnAddresses
from preflight.request.check_request import Connections

#: The rates that packets meet, by their port, each with the rule beyond it.
Met: TypeAlias = Mapping[int, Iterable[tuple[Rate, str]]]


class Passage(NamedTuple):
    """Rules that packets pass, other than the destination's for what arrives."""

    at_source: bool
    direction: Direction
    firewall: Firewall
    kind: Kind
    flows: Sequence[Flow]
    sources: tuple[str, ...]

    @property
    def of_later_ones(self) -> "Passage":
        """The same rules for the packets that follow."""
        return self._replace(kind=self.kind.later_ones)

    def met_by(self, connections: Connections) -> Met:
        """Return the rates that packets of each port meet, where they are known."""
        found: dict[int, Iterable[tuple[Rate, str]]] = {}
        left = [_ports(connections)]
        while left:
            some = left.pop()
            fates = [self.firewall.fate(some, flow, self.kind) for flow in self.flows]
            if None not in fates:
                met = dict.fromkeys(one for fate in fates if fate is not None for one in fate.rates)
                found.update(dict.fromkeys(some, tuple(met)))
            elif len(some) > 1:
                middle = len(some) // 2
                left += [some[middle:], some[:middle]]
        return found


class Arrival(NamedTuple):
    """Connections that arrive at a host from these addresses."""

    at_source: bool
    firewall: Firewall
    own: OwnAddresses
    connections: Connections
    sources: Sequence[str]

    def met(self) -> tuple[Met, str | None]:
        """Return the rates that the connections meet, or why they are unknown."""
        if not self.firewall.has_rates:
            return {}, None
        try:
            judged = self.firewall.judge_all(_ports(self.connections), self.sources, self.own)
        except Unreadable as why:
            return {}, str(why)
        return {port: one.rates for port, one in judged}, None

    def met_later(self, met: Met) -> Met:
        """Return the rates that the packets after the first one meet, if that one meets any."""
        if not any(met.values()):
            return {}
        some = flows(self.own, self.sources)
        passage = Passage(self.at_source, Direction.INCOMING, self.firewall, ARRIVING, some, tuple(self.sources))
        return passage.of_later_ones.met_by(self.connections)


def _ports(connections: Connections) -> list[int]:
    return sorted({*connections.ports, *connections.taken})


def passages(ends: BothEnds, addresses: Sequence[str]) -> Iterator[Passage]:
    """Yield the rules with rates on the way to these addresses of the destination, but for what arrives there."""
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
            yield Passage(at_source, direction, firewall, kind, some, sources)
