"""The source cannot reach the destination's migration ports, or gets no answer from them.

Why it matters
    The source connects to a port of the destination for the guest's memory. The source has tried a port at which
    nothing listens: a host that can be reached refuses such a connection at once. With no route, or if nobody has the
    address, libvirt reports "unable to connect to server at 'host2:49152': No route to host" or "Network is
    unreachable", and "Permission denied" or "Invalid argument" if a route, or a rule of policy routing (`ip rule`),
    forbids the way, also if it does so for some ports only, and "Operation not permitted" if a policy of IPsec (`ip
    xfrm policy`) does. If packets are dropped on the way, by rules of the source for outgoing packets or by rules of
    either host for the answers, it reports "Connection timed out" after two minutes.

    A firewall between the hosts may let another port pass than the one that was tried, so the result is unknown if that
    port does not answer and neither host knows why. A firewall that rejects connections answers in the same way as a
    port at which nothing listens. With --probe the destination listens, so that a rejection is recognized; if
    --migrateuri names the port, that port is tried, which decides.

How to fix
    Look for what is between the hosts: a route that is missing or leads to another interface (`ip route get ADDRESS` on
    the source), a firewall or a security group of the network, and rules of the source for outgoing connections. If the
    destination has another address that the source reaches, use it with --migrateuri, or set migration_host in the
    destination's qemu.conf and restart its libvirt daemon.
"""

from collections.abc import Sequence

from preflight.facts import Firewall, Listening, MemoryWay, OwnAddresses, PeerName, QemuConf
from preflight.facts.firewall import BothEnds
from preflight.facts.network import Forbidden
from preflight.rule import (
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
        "unable to connect to server at '...': Permission denied",
        "unable to connect to server at '...': Invalid argument",
        "unable to connect to server at '...': Operation not permitted",
        "unable to connect to server at '...': Connection reset by peer",
        "unable to connect to server at '...': Connection refused",
        "unable to connect to server at '...:49152': Connection refused",
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
    error = f"unable to connect to server at '{source.name}:"
    if source.leads_nowhere:
        if not _is_of_nobody(source_peer.addresses, source_own, destination_own):
            yield on_source(f"the source cannot reach {source.name}: {source.nowhere}", error=error)
        return  # otherwise hosts-entry-address-wrong reports it
    free = destination_ports.free(destination_conf.port_range)[: migration.concurrency * migration.ports_each]
    ends = BothEnds(source_firewall, source_own, destination, destination_own)
    ports = [*(port for _, port in migration.ports_given), *free]
    by_qemu = migration.method.parallel or migration.memory_to.rdma or migration.copy_storage
    stops = list(ends.stops(source_peer.addresses, ports, of_root=not by_qemu))
    for stop in stops:
        on_end = on_source if stop.at_source else on_destination
        # a dropped packet on an open connection is sent again, and libvirt reports nothing while it waits
        silent = stop.is_open and ": drop by " in stop.text
        yield on_end(f"the firewall blocks {stop.text}", error=None if silent else "unable to connect to server at '")
    forbidden = [one for one in source.forbidden if _forbids(one, source_peer.addresses, ports)]
    for each in forbidden:
        yield on_source(f"{each.text} forbids what the source sends to the migration's ports", error=error)
    source.require_tried()
    if stops or forbidden or source.answered:
        return
    if source.port == migration.memory_to.port:
        yield on_source(source.obstacle, error=error)
    elif source.probed or (
        # the destination's own rules may drop the refusal of a closed port, and nothing else
        migration.memory_to.port is None and ends.lets_refuse(source_peer.addresses, source.port)
    ):
        raise Unreadable(f"{source.obstacle}: a firewall on the way may block the migration's ports")


def _is_of_nobody(addresses: Sequence[str], source: OwnAddresses, destination: OwnAddresses) -> bool:
    """Report whether no address is the destination's, although both hosts are on its network: nothing translates it."""
    return bool(addresses) and all(
        not destination.has(address) and source.shares_network(destination, address) for address in addresses
    )


def _forbids(one: Forbidden, addresses: Sequence[str], ports: Sequence[int]) -> bool:
    """Report whether one of these ports is forbidden at each address."""
    return bool(addresses) and any(all(one.forbids(address, port) for address in addresses) for port in ports)
