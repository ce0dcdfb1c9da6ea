"""A modular daemon that the guest needs cannot be reached on the destination.

Why it matters
    With modular daemons, virtqemud starts a guest with the help of virtnetworkd for its networks, virtstoraged for its
    volumes, virtsecretd for its secrets, and virtnwfilterd for its filters: "Failed to connect socket to
    '/var/run/libvirt/virtnetworkd-sock': No such file or directory". A stopped daemon whose socket unit listens is not
    a problem: the first connection starts it.

How to fix
    Enable the daemon's socket unit on the destination: systemctl enable --now virtnetworkd.socket. Run systemctl unmask
    first if it is masked, and install the daemon's package if there is no such unit.
"""

from collections.abc import Iterator

from preflight.facts import NetworkFilters, Networks, Pools, Secrets, Storage
from preflight.facts.storage import needed_by
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, on_destination, rule, unless_live


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "Failed to connect socket to '.../virtnetworkd-sock': No such file or directory",
        "Failed to connect socket to '.../virtstoraged-sock': No such file or directory",
        "Failed to connect socket to '.../virtsecretd-sock': No such file or directory",
        "Failed to connect socket to '.../virtnwfilterd-sock': No such file or directory",
    ),
)
def check(
    guest: Guest,
    destination_networks: Networks,
    destination_filters: NetworkFilters,
    destination_pools: Pools,
    destination_secrets: Secrets,
    destination_storage: Storage,
    migration: Migration,
) -> Findings:
    needs = (
        (destination_networks, "networks", _networks(guest)),
        (destination_filters, "network filters", _filters(guest)),
        (destination_pools, "storage pools", _pools(guest, destination_storage, migration)),
        (destination_secrets, "secrets", map(str, needed_by(guest))),
    )
    unlisted = [
        (listed, what, needed) for listed, what, names in needs if listed.error and (needed := next(names, None))
    ]
    for listed, _, needed in unlisted:
        daemon = listed.unreachable_daemon
        if daemon is not None:
            yield on_destination(
                f"the guest needs {needed}, but {daemon} cannot be reached: {listed.error}",
                error=listed.error,
                fix=f"on the destination: systemctl unmask {daemon}.socket {daemon}.service; "
                f"systemctl enable --now {daemon}.socket",
            )
    for listed, what, _ in unlisted:
        if listed.unreachable_daemon is None:
            listed.must_be_there(what)


def _networks(guest: Guest) -> Iterator[str]:
    return (f"the network {interface.network}" for interface in guest.devices.interfaces if interface.network)


def _filters(guest: Guest) -> Iterator[str]:
    named = parse_xml(guest.xml).iterfind("devices/interface/filterref")
    return (f"the network filter {one.get('filter', '')}" for one in named)


def _pools(guest: Guest, storage: Storage, migration: Migration) -> Iterator[str]:
    for disk in guest.disks:
        is_copied = migration.copies(disk.target, by_default=disk.copied_by_default)
        if disk.pool is not None and not disk.left_out_if_missing:
            yield f"the storage pool {disk.pool}"
        elif is_copied and disk.type == "file" and disk.path is not None and not storage.look(disk.path).exists:
            yield f"a storage pool in which {disk.path} is created"
