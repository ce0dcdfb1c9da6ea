"""libvirt's own networks on a host, active or not."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import OPTIONAL, Record, Unreadable
from preflight.facts.text.listing import Answer, PartialListing, answered, read_each
from preflight.facts.text.xml import parse_xml


class Network(Struct, frozen=True, kw_only=True):
    """Network of libvirt's."""

    name: str
    active: bool
    #: The bridge that its guests are attached to; None if it has none (macvtap, SR-IOV).
    bridge: str | None
    #: nat, route, open, bridge, private, passthrough, hostdev…; None for an isolated network.
    forward: str | None
    portgroups: frozenset[str]
    #: The host's links that its guests are attached to directly (macvtap) or that it forwards to.
    links: tuple[str, ...] = ()
    #: The IP networks that it serves, as "192.168.122.1/24", as written in its definition.
    served: frozenset[str] = frozenset()


class Networks(PartialListing, frozen=True, kw_only=True, dict=True):
    """All networks of a host."""

    all: tuple[Network, ...]

    def by_name(self, name: str) -> Network | None:
        """Return the network of that name, or None if there is none; raises `Unreadable` if that is unknown."""
        self.must_be_there("networks")
        self.must_be_read(name, "network")
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> Mapping[str, Network]:
        return {network.name: network for network in reversed(self.all)}

    @classmethod
    def parse(cls, networks: Annotated[Record, "libvirt.networks", OPTIONAL]) -> Self:
        """Parse the list of networks that the collector made from libvirt's answers.

        Without an answer, keep the reason: a guest that uses no network can still be checked.
        """
        answer = answered(networks, _Answer(networks=[]), "the list of networks is")
        read, unread = read_each(answer.networks, _network)
        return cls(all=read, unread=unread, error=answer.error)


class _Told(Struct, frozen=True, kw_only=True):
    """Network as the collector writes it."""

    name: str
    active: bool = False
    xml: str = ""
    error: str | None = None


class _Answer(Answer, frozen=True, kw_only=True):
    networks: list[_Told]


def _network(told: _Told) -> Network:
    if told.error is not None:
        raise Unreadable(told.error)
    root = parse_xml(told.xml)
    if root.tag != "network":
        raise Unreadable(f"its XML is a <{root.tag}>, not a <network>")
    bridge, forward = root.find("bridge"), root.find("forward")
    return Network(
        name=told.name,
        active=told.active,
        bridge=None if bridge is None else bridge.get("name"),
        forward=None if forward is None else forward.get("mode", "nat"),
        portgroups=frozenset(group.get("name", "") for group in root.iterfind("portgroup")),
        links=tuple(link.get("dev", "") for link in root.iterfind("forward/interface") if link.get("dev")),
        served=frozenset(f"{ip.get('address')}/{ip.get('prefix') or ip.get('netmask')}" for ip in root.iterfind("ip")),
    )
