"""A disk is to be copied onto an image that another guest of the destination has.

Why it matters
    A copy (--copy-storage-all, --copy-storage-inc) is written over what lies at the disk's path on the destination.
    libvirt asks nobody whose that is. A guest that is off holds no lock on its image, and finds the disk of another at
    its next start; of one that runs QEMU's lock on the image stops the copy, where the storage has locks.

How to fix
    Give the disk another path on the destination (--xml), or move the other guest's image away and change its
    definition.
"""

from collections.abc import Iterator

from preflight.facts import Guests, Pools, Storage
from preflight.facts.record import Unreadable
from preflight.facts.storage import PathStatus
from preflight.host import Guest
from preflight.migration import Migration, unless_storage_is_copied
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.ERROR, skip=unless_storage_is_copied)
def check(
    guest: Guest,
    destination_guests: Guests,
    destination: Storage,
    destination_pools: Pools,
    migration: Migration,
) -> Findings:
    unknown: Unreadable | None = None
    for disk in guest.disks:
        if disk.empty or not migration.copies(disk.target, by_default=disk.copied_by_default):
            continue
        try:
            path = destination_pools.path(disk)
            if path is None:
                continue
            for other in destination_guests.all:
                if other.uuid != guest.uuid and _has(other, path, destination, destination_pools):
                    yield on_destination(f"{path}, onto which {disk.target} is to be copied, belongs to {other.name}")
            unread = [other for other in destination_guests.unread if other.uuid != guest.uuid]
            if unread:
                unknown = Unreadable(f"whether {path} belongs to {unread[0].name} is not known: {unread[0].reason}")
        except Unreadable as why:
            unknown = why
    if unknown is not None:
        raise unknown


def _has(other: Guest, path: str, host: Storage, pools: Pools) -> bool:
    paths = tuple(_paths(other, pools))
    if path in paths:
        return True
    own = _look(host, path)
    return own is not None and any(_is_same(own, _look(host, one)) for one in paths)


def _paths(other: Guest, pools: Pools) -> Iterator[str]:
    """Name every path that the guest's definition has, by way of its pool where it is a volume."""
    yield from other.paths
    for disk in other.disks:
        if disk.pool is not None and (own := pools.path(disk)) is not None:
            yield own


def _look(host: Storage, path: str) -> PathStatus | None:
    try:
        return host.look(path)
    except Unreadable:
        return None  # it was not asked about: then the path alone tells


def _is_same(own: PathStatus, other: PathStatus | None) -> bool:
    """Report whether two paths lead to one file or device, through whatever links."""
    if other is None or own.kind is None or own.kind != other.kind:
        return False
    if own.kind in ("block", "character"):
        return own.device == other.device
    return own.kind == "file" and (own.device, own.inode) == (other.device, other.inode)
