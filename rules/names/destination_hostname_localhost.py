"""The destination announces itself as localhost.

Why it matters
    libvirt refuses: "hostname on destination resolved to localhost, but migration requires an FQDN". This happens on
    hosts that were never given a name.

How to fix
    Give the destination a host name (hostnamectl set-hostname host2.example.com), or set migration_host in its
    /etc/libvirt/qemu.conf, and restart its libvirt daemon.
"""

from preflight.facts import AnnouncedName, OwnAddresses, QemuConf
from preflight.rule import Change, Findings, Severity, on_destination, rule, unless_name_is_announced


@rule(Severity.ERROR, skip=unless_name_is_announced)
def check(
    source: OwnAddresses,
    destination: AnnouncedName,
    destination_conf: QemuConf,
    destination_addresses: OwnAddresses,
) -> Findings:
    if not destination.name.value.startswith("localhost"):
        return
    address = destination_addresses.reachable_from(source)
    # an address that is not on one of the source's networks would be a guess
    certain = address != "ADDRESS" and source.beside(address)
    yield on_destination(
        f"the host announces itself as {destination.name}",
        error="hostname on destination resolved to localhost, but migration requires an FQDN",
        change=Change(destination_conf.path, "migration_host", address) if certain else None,
    )
