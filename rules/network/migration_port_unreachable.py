"""The source cannot reach the destination's migration ports, or gets no answer from them.

Why it matters
    The source connects to a port of the destination for the guest's memory, and to another one for copied disks. The
    source has tried a port at which nothing listens: a host that can be reached refuses such a connection at once. With
    no route, or if nobody has the address, libvirt reports "unable to connect to server at 'host2:49152': No route to
    host" or "Network is unreachable". If packets are dropped on the way, by rules of the source for outgoing packets or
    by rules of either host for the answers, it reports "Connection timed out" after two minutes. A firewall between the
    hosts may let another port pass than the one that was tried, so the result is unknown if that port does not answer
    and neither host knows why.

How to fix
    Look for what is between the hosts: a route that is missing or leads to another interface (`ip route get ADDRESS` on
    the source), a firewall or a security group of the network, and rules of the source for outgoing connections. If the
    destination has another address that the source reaches, use it with --migrateuri, or set migration_host in the
    destination's qemu.conf and restart its libvirt daemon.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from preflight.facts import Firewall, Listening, MemoryWay, OwnAddresses, PeerName, QemuConf
from preflight.facts.firewall import ACCEPTED, ACCEPTING, LEAVING, REFUSING, flows
from preflight.facts.network import Way
from preflight.rule import (
    Finding,
    Findings,
    Migration,
    Severity,
    Unreadable,
    on_destination,
    on_source,
    rule,
    without_data_connection,
)


@rule(
    Severity.ERROR,
    skip=without_data_connection,
    errors=(
        "unable to connect to server at '...': Connection timed out",
        "unable to connect to server at '...': No route to host",
        "unable to connect to server at '...': Network is unreachable",
    ),
)
def check(
    source: MemoryWay,
    source_firewall: Firewall,
    source_own: OwnAddresses,
    source_peer: PeerName,
    destination: Firewall,
    destination_own: OwnAddresses,
    destination_conf: QemuConf,
    destination_ports: Listening,
    migration: Migration,
) -> Findings:
    if source.leads_nowhere:
        if _is_of_nobody(source_peer.addresses, source_own, destination_own):
            return  # hosts-entry-address-wrong reports it
        yield on_source(
            f"the source cannot reach {source.name}: {_routes(source)}",
            error=f"unable to connect to server at '{source.name}:",
        )
        return
    free = destination_ports.free(destination_conf.port_range)[: migration.concurrency * migration.ports_each]
    ports = [*(port for _, port in migration.ports_given), *free]
    leaving = flows(source_own, source_peer.addresses)
    arriving = flows(destination_own, [one for flow in leaving for one in flow.here], source_peer.addresses)
    found = [
        *_stopped(source_firewall.blocked(ports, leaving, LEAVING), on_source, "outgoing connections to"),
        *_stopped(destination.blocked(ports, arriving, ACCEPTING), on_destination, "its answers from"),
        *_stopped(source_firewall.blocked(ports, leaving, ACCEPTED), on_source, "the destination's answers from"),
    ]
    yield from found
    source.require_tried()
    if not found and not source.answered and migration.memory_to.port is None:
        fates = [destination.fate([source.port], flow, REFUSING) for flow in arriving]
        if all(fate is not None and fate.action == "accept" for fate in fates):
            # otherwise the destination's own rules may drop the refusal of a closed port, and nothing else
            raise Unreadable(
                f"{source.name} port {source.port}, where nothing listens, does not refuse the source's connection"
                f" ({source.error}): a firewall on the way may block the migration's ports"
            )


def _is_of_nobody(addresses: Sequence[str], source: OwnAddresses, destination: OwnAddresses) -> bool:
    """Report whether no address is the destination's, although both hosts are on its network: nothing translates it."""
    return bool(addresses) and all(
        not destination.has(address) and source.shares_network(destination, address) for address in addresses
    )


def _stopped(blocked: Mapping[str, list[int]], on: Callable[..., Finding], what: str) -> Iterator[Finding]:
    for reason, ports in blocked.items():
        span = f"port {ports[0]}" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]}"
        yield on(f"the firewall blocks {what} {span}: {reason}", error="unable to connect to server at '")


def _routes(way: Way) -> str:
    """Return the reason for each address."""
    return "; ".join(
        f"{one.address} is on the network of {one.device}, but no machine there answers for it"
        if one.error is None
        else f"{one.error} to {one.address}"
        for one in way.routes
    )
