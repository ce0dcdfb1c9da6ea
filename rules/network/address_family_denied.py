"""The unit of a libvirt daemon denies it the address family of the migration's connection.

Why it matters
    With RestrictAddressFamilies=, the daemon and each QEMU that it starts can open sockets of the listed families only.
    The destination listens at [::] if it has an IPv6 address, else at 0.0.0.0, unless migration_address or
    --listen-address says otherwise. If it may not, the migration fails: "unable to execute QEMU command
    'migrate-incoming': Failed to create a socket: Address family not supported by protocol". The source connects to the
    first address of the destination's name: "Unable to create socket: Address family not supported by protocol".

How to fix
    Add AF_INET and AF_INET6 to RestrictAddressFamilies= in the daemon's unit (systemctl cat libvirtd.service), and
    restart the daemon.
"""

from preflight.facts import Confinement, OwnAddresses, PeerName, QemuConf
from preflight.rule import (
    Findings,
    Migration,
    Severity,
    on_destination,
    on_source,
    rule,
    without_data_connection,
)

DENIED = "Address family not supported by protocol"


@rule(
    Severity.ERROR,
    skip=without_data_connection,
    errors=(
        "Failed to create a socket: Address family not supported by protocol",
        "Unable to create socket: Address family not supported by protocol",
    ),
)
def check(
    source: Confinement,
    source_peer: PeerName,
    destination: Confinement,
    destination_own: OwnAddresses,
    destination_conf: QemuConf,
    migration: Migration,
) -> Findings:
    given = migration.method.listen_address or destination_conf.migration_address.value
    listens = _family(given) if given else "AF_INET6" if destination_own.families[1] else "AF_INET"
    if not destination.has_family(listens):
        yield on_destination(
            f"RestrictAddressFamilies= denies its daemon {listens}, with which QEMU would listen for the guest",
            error=f"Failed to create a socket: {DENIED}",
        )
    connects = [_family(address) for address in source_peer.addresses[:1]]
    if connects and not source.has_family(connects[0]):
        yield on_source(
            f"RestrictAddressFamilies= denies its daemon {connects[0]}, which {source_peer.name} leads to",
            error=f"Unable to create socket: {DENIED}",
        )


def _family(address: str) -> str:
    return "AF_INET6" if ":" in address else "AF_INET"
