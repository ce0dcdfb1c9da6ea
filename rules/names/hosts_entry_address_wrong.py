"""On the source, the destination's announced name resolves to an address that the destination does not have.

Why it matters
    The guest's memory would be sent to another machine, or to none: "unable to connect to server at 'host2:49152': No
    route to host", "Connection refused" or "Connection timed out". If the name has several addresses, they are tried in
    turn, so one correct address among them is enough. An address that is translated to the destination's on the way
    (NAT) works if the migration ports are translated too. It is certain that the address is not translated if both
    hosts are on its network, so that there is no router in between, or if the sshd that answers there has other host
    keys than the destination's. Otherwise the result is unknown, even if the destination's own sshd answers there,
    since only the machine that translates the address knows which ports are translated. With --probe the destination
    listens at a port of the range: if the source's connection to the address reaches it, the address is translated; if
    neither an sshd nor that port answers, nobody has the address.

How to fix
    Correct the line in the source's /etc/hosts, or the record in DNS. If the destination announces an address instead
    of a name, correct migration_host in its /etc/libvirt/qemu.conf, and restart its libvirt daemon. If you know that
    the address is translated, with all ports of the migration range, skip this rule: --ignore
    hosts-entry-address-wrong.
"""

from preflight.facts import HostKeys, MemoryProbe, OwnAddresses, PeerKeys, PeerName
from preflight.rule import (
    Findings,
    HostsLine,
    Migration,
    Severity,
    Unreadable,
    on_source,
    rule,
    without_data_connection,
)


@rule(
    Severity.ERROR,
    skip=without_data_connection,
    errors=(
        "unable to connect to server at '...': Connection refused",
        "unable to connect to server at '...:49152': Connection refused",
        "unable to connect to server at '...': No route to host",
        "unable to connect to server at '...': Connection timed out",
    ),
)
def check(
    source_peer: PeerName,
    source_met: PeerKeys,
    source_probe: MemoryProbe,
    source: OwnAddresses,
    destination: OwnAddresses,
    destination_keys: HostKeys,
    migration: Migration,
) -> Findings:
    name = source_peer.name
    if migration.refuses_as_localhost(name):
        return  # destination-hostname-localhost reports it, and no line on the source would help
    strange = [address for address in source_peer.addresses if not destination.has(address) and not source.has(address)]
    reached = any(destination.has(address) and not source.has(address) for address in source_peer.addresses)
    if source_probe.met and not reached:
        return  # one of the addresses is translated to the destination's
    translated = [address for address in strange if source_met.lead_to(destination_keys, address)]
    unproven = [
        address
        for address in strange
        if address not in translated
        and not source_met.lead_elsewhere(destination_keys, address)
        and not source.shares_network(destination, address)
        and source_probe.met is not False
    ]
    rescued = reached or bool(translated or unproven)
    right = destination.reachable_from(source) if strange else ""
    for address in (one for one in strange if one not in translated):
        place = source_peer.place_of(address)
        yield on_source(
            f"on the source, {name} resolves to {address}, which is not an address of the destination",
            at=place,
            error=None if rescued else f"unable to connect to server at '{name}:",
            fix=source_peer.corrected(right, given=migration.memory_to.host is not None),
            severity=Severity.WARNING if rescued else None,
            change=HostsLine(name, right, place.value) if place and right != "ADDRESS" else None,
        )
    if reached:
        return
    if translated:
        raise Unreadable(
            f"on the source, {name} resolves to {translated[0]}, which is not an address of the destination, yet the"
            " destination's sshd answers there: it is unknown whether the migration ports are translated too"
        )
    if unproven:
        raise Unreadable(
            f"on the source, {name} resolves to {unproven[0]}, which is not an address of the destination: it is"
            " unknown whether it is translated to one (NAT), since no ssh host key shows which machine answers there"
        )
