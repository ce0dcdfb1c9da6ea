"""The source cannot resolve the name that the destination announces.

Why it matters
    The destination answers the request to migrate with a name: migration_host in its qemu.conf, or else its host name.
    The source looks this name up, not the control machine. If that fails, libvirt reports "Unable to resolve address
    'host2.example.com' service '49152'", with a name that you never typed. With --migrateuri, the source looks up the
    name in that URI instead.

How to fix
    Add a line for the name to the source's /etc/hosts, or a record to DNS, or set migration_host in the destination's
    /etc/libvirt/qemu.conf to a name or address that the source can resolve, and restart the destination's libvirt
    daemon.
"""

from preflight.facts import OwnAddresses, PeerName
from preflight.rule import Findings, HostsLine, Migration, Severity, on_source, rule, without_data_connection


@rule(Severity.ERROR, skip=without_data_connection)
def check(source_peer: PeerName, source: OwnAddresses, destination: OwnAddresses, migration: Migration) -> Findings:
    name = source_peer.name
    if source_peer.resolves or migration.refuses_as_localhost(name):
        return  # destination-hostname-localhost reports localhost, and no line on the source would help
    address = destination.reachable_from(source)
    change = None if address == "ADDRESS" else HostsLine(name, address)
    fix = f"add to /etc/hosts on the source: {address} {name}"
    error = f"Unable to resolve address '{name}' service '"
    for line in source_peer.commented:
        yield on_source(
            f"the line for {name} in /etc/hosts is commented out", at=line, error=error, fix=fix, change=change
        )
    if not source_peer.commented:
        yield on_source(
            f"{name}, {migration.data_named_by}, is neither in /etc/hosts nor in DNS",
            at=source_peer.end,
            error=error,
            fix=fix,
            change=change,
        )
