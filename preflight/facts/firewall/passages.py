"""Sets of rules that a connection from the source to the destination passes.

There are four: the source's for what leaves, the destination's for what arrives, and, for the answer, the destination's
for what leaves and the source's for what arrives.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from preflight.facts.fact import Unreadable
from preflight.facts.firewall.both_ends import BothEnds
from preflight.facts.firewall.demand import Direction
from preflight.facts.firewall.firewall import Firewall, Flow, Judgement, flows
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

    def met_by(self, connections: Connections) -> Met:
        """Return the rates that packets of each port meet, where they are known."""
        return {
            port: tuple(dict.fromkeys(one for fate in fates for one in fate.rates))
            for port, fates in self.fates(connections)
        }

    def later(self, connections: Connections) -> "Later":
        """Return what becomes of the packets that follow."""
        fates = [fate for _, some in self._replace(kind=self.kind.later_ones).fates(connections) for fate in some]
        return Later(
            frozenset(counter for fate in fates for counter in fate.counters),
            frozenset(rate.counter for fate in fates for rate, _ in fate.rates if rate.interval is not None),
        )

    def fates(self, connections: Connections) -> Iterator[tuple[int, list[Judgement]]]:
        """Yield the fates of the packets to each port, one for each IP version, where they are known."""
        left = [_ports(connections)]
        while left:
            some = left.pop()
            fates = [self.firewall.fate(some, flow, self.kind) for flow in self.flows]
            known = [fate for fate in fates if fate is not None]
            if len(known) == len(fates):
                yield from ((port, known) for port in some)
            elif len(some) > 1:
                middle = len(some) // 2
                left += [some[middle:], some[:middle]]


class Later(NamedTuple):
    """What becomes of the packets of a connection that follow the first one, by `Rate.counter`."""

    #: What counts them, too.
    counted: frozenset[str] = frozenset()
    #: What counts and blocks them beyond its rate.
    blocked: frozenset[str] = frozenset()


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

    def later(self) -> Later:
        """Return what becomes of the packets that follow."""
        some = flows(self.own, self.sources)
        passage = Passage(self.at_source, Direction.INCOMING, self.firewall, ARRIVING, some, tuple(self.sources))
        return passage.later(self.connections)


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
