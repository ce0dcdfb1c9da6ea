"""On the source, the destination's announced name resolves to the source itself.

Why it matters
    A line such as "127.0.1.1 host2" that was copied from the destination's /etc/hosts makes the source connect to its
    own port: "unable to connect to server at 'host2:49152': Connection refused". If the name has several addresses,
    they are tried in turn, so one correct address among them is enough.

How to fix
    Correct the line in the source's /etc/hosts: the name must resolve to the destination's address. If the destination
    announces an address instead of a name, correct migration_host in the destination's /etc/libvirt/qemu.conf,
    and restart its libvirt daemon; if an address is given with --migrateuri, correct that.
"""

from preflight.facts import OwnAddresses, PeerName
from preflight.rule import Findings, HostsLine, Migration, Severity, on_source, rule, without_data_connection


@rule(
    Severity.ERROR,
    skip=without_data_connection,
    errors=(
        "unable to connect to server at '...': Connection refused",
        "unable to connect to server at '...:49152': Connection refused",
    ),
)
def check(source_peer: PeerName, source: OwnAddresses, destination: OwnAddresses, migration: Migration) -> Findings:
    name = source_peer.name
    if migration.refuses_as_localhost(name) or source == destination:
        return  # destination-hostname-localhost or same-host reports it, and no line on the source would help
    own = [address for address in source_peer.addresses if source.has(address)]
    if not own:
        return
    rescued = any(destination.has(address) for address in source_peer.addresses if address not in own)
    right = destination.reachable_from(source)
    for address in own:
        place = source_peer.place_of(address)
        yield on_source(
            f"{name}, {migration.data_named_by}, resolves to {address}, an address of the source itself",
            at=place,
            error=None if rescued else f"unable to connect to server at '{name}:",
            fix=source_peer.corrected(right, given=migration.memory_to.host is not None),
            severity=Severity.WARNING if rescued else None,
            change=HostsLine(name, right, place.value) if place and right != "ADDRESS" else None,
        )
