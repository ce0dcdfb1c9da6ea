"""The destination listens for migrations on an address that it lacks, or that the source does not connect to.

Why it matters
    With --listen-address, or else migration_address in its qemu.conf, the destination listens only on that address. If
    the address is not its own, libvirt reports "Failed to bind socket: Cannot assign requested address"; if it is an
    IPv6 address, also "::", and the destination has none besides ::1, "host isn't capable of IPv6"; if the announced
    name, or the name in --migrateuri, does not resolve to it, "unable to connect to server at 'host2:49152': Connection
    refused". With --p2p virsh may print "End of file while reading data" instead; the log of the source's daemon has
    the reason.

How to fix
    Correct or remove migration_address in the destination's /etc/libvirt/qemu.conf, and restart the libvirt daemon. To
    receive guests at a second address, set migration_host to the same address. With --listen-address and --migrateuri,
    give the same address to both.
"""

from preflight.facts import HostsFile, OwnAddresses, PeerName, QemuConf
from preflight.facts.names import listens_at
from preflight.facts.text import Located
from preflight.rule import Findings, Migration, Severity, on_destination, rule, without_data_connection


@rule(
    Severity.ERROR,
    skip=without_data_connection,
    errors=(
        "unable to connect to server at '...': Connection refused",
        "unable to connect to server at '...:49152': Connection refused",
        "'migrate-incoming': Failed to bind socket: Cannot assign requested address",
        "host isn't capable of IPv6",
    ),
)
def check(
    source: OwnAddresses,
    source_peer: PeerName,
    destination: OwnAddresses,
    destination_hosts: HostsFile,
    destination_conf: QemuConf,
    migration: Migration,
) -> Findings:
    given = migration.method.listen_address
    address = destination_conf.migration_address if given is None else Located(given)
    setting = "migration_address" if given is None else "--listen-address"
    if ":" in (address.value or "") and not destination.families[1]:
        yield on_destination(
            f"{setting} is {address}, but the destination has no IPv6 address besides ::1",
            at=address,
            error="host isn't capable of IPv6",
        )
        return
    wanted = listens_at(address.value or "", destination_hosts)
    if wanted and not any(destination.has(one) for one in wanted):
        yield on_destination(
            f"{setting} is {address}, which is not an address of the destination",
            at=address,
            error="Failed to bind socket: Cannot assign requested address",
        )
        return
    led = [one for one in source_peer.addresses if destination.has(one) and not source.has(one)]
    reached = set(wanted) if wanted else {one for one in led if ":" not in one or address.value != "0.0.0.0"}  # noqa: S104 - compared with
    if led and not reached & set(led):
        yield on_destination(
            f"{setting} is {address}, but the source resolves {source_peer.name} to {', '.join(led)}",
            at=address,
            error=f"unable to connect to server at '{source_peer.name}:",
            fix=_also(setting, wanted[0]) if wanted else None,
        )


def _also(setting: str, address: str) -> str:
    beside = f'set migration_host = "{address}"' if setting == "migration_address" else f"--migrateuri tcp://{address}"
    return f"{beside} as well, if the source can reach that address"
