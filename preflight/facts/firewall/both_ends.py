"""Effect of both hosts' packet filters on what leaves the source for the destination, and on the answers."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from preflight.facts.firewall.firewall import Action, Firewall, flows
from preflight.facts.firewall.packet import ACCEPTED, ACCEPTING, ARRIVING, LEAVING, REFUSING
from preflight.facts.network.addresses import OwnAddresses


class Stop(Struct, frozen=True):
    """A rule of one host that blocks packets, and the ports of the destination that it blocks."""

    at_source: bool
    #: The rule, and what it blocks: "outgoing connections to port 49152: drop by ...".
    text: str
    #: True if it does not keep the connection from being opened: only what follows is blocked.
    is_open: bool = False


class BothEnds(Struct, frozen=True):
    """The firewalls of both hosts, and their addresses."""

    source: Firewall
    source_own: OwnAddresses
    destination: Firewall
    destination_own: OwnAddresses

    def stops(self, addresses: Sequence[str], ports: Sequence[int], *, of_root: bool = False) -> Iterator[Stop]:
        """Yield the rules that block connections to these addresses of the destination for certain.

        `of_root` if root opens the connections: libvirt's daemon does, and not the guest's QEMU. The destination's
        rules for new connections that arrive are left out: `Firewall.judge` knows them.
        """
        if not (self.source.tables or self.destination.tables):
            return
        leaving = flows(self.source_own, addresses)
        arriving = flows(self.destination_own, [one for flow in leaving for one in flow.here], addresses)
        unopened: set[int] = set()
        for at_source, what, firewall, between, kind in (
            (True, "outgoing connections to", self.source, leaving, LEAVING),
            (False, "its answers from", self.destination, arriving, ACCEPTING),
            (True, "the destination's answers from", self.source, leaving, ACCEPTED),
            (True, "what follows on outgoing connections to", self.source, leaving, LEAVING.later_ones),
            (False, "what follows on connections to", self.destination, arriving, ARRIVING.later_ones),
            (False, "what follows on its answers from", self.destination, arriving, ACCEPTING.later_ones),
            (True, "what follows on the destination's answers from", self.source, leaving, ACCEPTED.later_ones),
        ):
            if kind.later and not firewall.tells_later_ones_apart:
                continue
            blocked = firewall.blocked(ports, between, kind, of_root=of_root)
            if kind == ARRIVING.later_ones and blocked:
                arrive = self.destination.blocked(ports, arriving, ARRIVING)
                unopened.update(port for some in arrive.values() for port in some)
            for reason, some in blocked.items():
                # what follows on a connection that is not opened is nobody's trouble
                found = [port for port in some if not (kind.later and port in unopened)]
                if found:
                    unopened.update(found)
                    span = f"port {found[0]}" if len(found) == 1 else f"ports {found[0]} to {found[-1]}"
                    yield Stop(at_source, f"{what} {span}: {reason}", is_open=kind.later)

    def lets_refuse(self, addresses: Sequence[str], port: int) -> bool:
        """Report whether a closed port of the destination can refuse a connection, for all that its own rules say."""
        leaving = flows(self.source_own, addresses)
        arriving = flows(self.destination_own, [one for flow in leaving for one in flow.here], addresses)
        fates = [self.destination.fate([port], flow, REFUSING) for flow in arriving]
        return all(fate is not None and fate.action is Action.ACCEPT for fate in fates)
