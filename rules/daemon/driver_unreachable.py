"""A modular daemon that the guest needs cannot be reached on the destination.

Why it matters
    With modular daemons, virtqemud starts a guest with the help of virtnetworkd for its networks, virtstoraged for its
    volumes, virtsecretd for its secrets, and virtnwfilterd for its filters: "Failed to connect socket to
    '/var/run/libvirt/virtnetworkd-sock': No such file or directory". A stopped daemon whose socket unit listens is not
    a problem, unless its service is masked or it would not start with its file: the first connection starts it.

How to fix
    Enable the daemon's socket unit on the destination: systemctl enable --now virtnetworkd.socket. Run systemctl unmask
    first if it is masked, and install the daemon's package if there is no such unit. Correct the daemon's file if it
    does not start with it, and start the socket again: systemctl reset-failed virtnetworkd.service virtnetworkd.socket;
    systemctl start virtnetworkd.socket.
"""

from collections.abc import Iterator

from preflight.facts import NetworkFilters, Networks, Pools, Secrets, StartObstacles, Storage
from preflight.facts.daemon import socket_gone
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
    destination_obstacles: StartObstacles,
    migration: Migration,
) -> Findings:
    needs = (
        (destination_networks, "virtnetworkd", "networks", _networks(guest)),
        (destination_filters, "virtnwfilterd", "network filters", _filters(guest)),
        (destination_pools, "virtstoraged", "storage pools", _pools(guest, destination_storage, migration)),
        (destination_secrets, "virtsecretd", "secrets", map(str, needed_by(guest))),
    )
    unlisted = [
        (listed, daemon, what, needed)
        for listed, daemon, what, names in needs
        if listed.error and (needed := next(names, None))
    ]
    unexplained = []
    for listed, usual, what, needed in unlisted:
        obstacle = destination_obstacles.drivers.get(usual)
        daemon = listed.unreachable_daemon or (usual if obstacle else None)
        if daemon is None:
            unexplained.append((listed, what))
            continue
        why = f"{obstacle.why} ({listed.error})" if obstacle else listed.error
        yield on_destination(
            f"the guest needs {needed}, but {daemon} cannot be reached: {why}",
            at=None if obstacle is None else obstacle.at,
            error=listed.error if listed.unreachable_daemon else socket_gone(daemon),
            fix=_fix(daemon, corrected=obstacle is not None and obstacle.at is not None),
        )
    for listed, what in unexplained:
        listed.must_be_there(what)


def _fix(daemon: str, *, corrected: bool) -> str:
    units = f"{daemon}.socket {daemon}.service"
    first = f"correct the line; systemctl reset-failed {units}" if corrected else f"systemctl unmask {units}"
    return f"on the destination: {first}; systemctl enable --now {daemon}.socket"


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
