"""Effect of both hosts' packet filters on what leaves the source for the destination, and on the answers."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from preflight.facts.firewall.firewall import Action, Firewall, flows
from preflight.facts.firewall.packet import ACCEPTED, ACCEPTING, LEAVING, REFUSING
from preflight.facts.network.addresses import OwnAddresses


class Stop(Struct, frozen=True):
    """A rule of one host that blocks packets, and the ports of the destination that it blocks."""

    at_source: bool
    #: The rule, and what it blocks: "outgoing connections to port 49152: drop by ...".
    text: str


class BothEnds(Struct, frozen=True):
    """The firewalls of both hosts, and their addresses."""

    source: Firewall
    source_own: OwnAddresses
    destination: Firewall
    destination_own: OwnAddresses

    def stops(self, addresses: Sequence[str], ports: Sequence[int], *, of_root: bool = False) -> Iterator[Stop]:
        """Yield the rules that block connections to these addresses of the destination for certain.

        `of_root` if root opens the connections: libvirt's daemon does, and not the guest's QEMU.
        The destination's rules for new connections that arrive are left out: `Firewall.judge` knows them.
        """
        if not (self.source.tables or self.destination.tables):
            return
        leaving = flows(self.source_own, addresses)
        arriving = flows(self.destination_own, [one for flow in leaving for one in flow.here], addresses)
        for at_source, what, blocked in (
            (True, "outgoing connections to", self.source.blocked(ports, leaving, LEAVING, of_root=of_root)),
            (False, "its answers from", self.destination.blocked(ports, arriving, ACCEPTING)),
            (True, "the destination's answers from", self.source.blocked(ports, leaving, ACCEPTED)),
        ):
            for reason, some in blocked.items():
                span = f"port {some[0]}" if len(some) == 1 else f"ports {some[0]} to {some[-1]}"
                yield Stop(at_source, f"{what} {span}: {reason}")

    def lets_refuse(self, addresses: Sequence[str], port: int) -> bool:
        """Report whether a closed port of the destination can refuse a connection, for all that its own rules say."""
        leaving = flows(self.source_own, addresses)
        arriving = flows(self.destination_own, [one for flow in leaving for one in flow.here], addresses)
        fates = [self.destination.fate([port], flow, REFUSING) for flow in arriving]
        return all(fate is not None and fate.action is Action.ACCEPT for fate in fates)
