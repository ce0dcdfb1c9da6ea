"""The source cannot reach the address to which copied disks are sent, or gets no answer from it.

Why it matters
    With --disks-uri, disks are copied over a connection to another address than the memory's, which may take another
    route. The source has tried a port at which nothing listens, as for the memory (see migration-port-unreachable).
    Without a route, or if packets are dropped on the way, the migration fails before any memory is sent:
    "'blockdev-add': Failed to connect to 'host2:49153': No route to host", "Connection timed out". With --p2p virsh may
    print "End of file while reading data" instead; the log of the source's daemon has the reason.

    If another port of that address does not answer, the result is unknown. With --probe and a port in --disks-uri or
    --disks-port, the destination listens at that port while the source connects to it, which decides.

How to fix
    Look for what is between the hosts on the way to that address: a route that is missing or leads to another interface
    (`ip route get ADDRESS` on the source), a firewall, and rules of the source for outgoing connections. Or omit
    --disks-uri: then the disks are sent to the same host as the memory.
"""

from preflight.facts import DisksName, DisksWay, Firewall, Listening, OwnAddresses, QemuConf
from preflight.facts.firewall import BothEnds
from preflight.rule import (
    Findings,
    Migration,
    Severity,
    Unreadable,
    on_destination,
    on_source,
    rule,
    unless_disks_are_sent_elsewhere,
)


@rule(
    Severity.ERROR,
    skip=unless_disks_are_sent_elsewhere,
    errors=(
        "'blockdev-add': Failed to connect to '...': No route to host",
        "'blockdev-add': Failed to connect to '...': Network is unreachable",
        "'blockdev-add': Failed to connect to '...': Connection timed out",
    ),
)
def check(
    source: DisksWay,
    source_disks: DisksName,
    source_firewall: Firewall,
    source_own: OwnAddresses,
    destination: Firewall,
    destination_own: OwnAddresses,
    destination_conf: QemuConf,
    destination_ports: Listening,
    migration: Migration,
) -> Findings:
    addresses = [one for one in source_disks.addresses if destination_own.has(one)]
    if not addresses:
        return  # disks-address-mismatch reports it
    error = f"Failed to connect to '{source_disks.name}:"
    if source.leads_nowhere:
        yield on_source(f"the source cannot reach {source.name}: {source.nowhere}", error=error)
        return
    given = migration.disks_to.port
    free = destination_ports.free(destination_conf.port_range)[: migration.concurrency * migration.ports_each]
    ends = BothEnds(source_firewall, source_own, destination, destination_own)
    stops = list(ends.stops(addresses, free if given is None else [given]))
    for stop in stops:
        on_end = on_source if stop.at_source else on_destination
        yield on_end(f"the firewall blocks {stop.text}", error=error)
    source.require_tried()
    if stops or source.answered:
        return
    if source.port == given:
        yield on_source(source.obstacle, error=error)
    elif source.probed or (given is None and ends.lets_refuse(addresses, source.port)):
        raise Unreadable(f"{source.obstacle}: a firewall on the way may block the port for the disks")
