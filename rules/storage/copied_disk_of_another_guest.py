"""A disk would be copied onto an image that belongs to another guest on the destination.

Why it matters
    A copy (--copy-storage-all, --copy-storage-inc) overwrites whatever is at the disk's path on the destination.
    libvirt does not check which guest the image belongs to. A guest that is off holds no lock on its image, and finds
    another guest's disk there at its next start. If the other guest runs, QEMU's lock on the image stops the copy,
    provided that the storage supports locks.

How to fix
    Give the disk another path on the destination (--xml), or move the other guest's image away and change that guest's
    definition.
"""

from preflight.facts import ImageOwners, Pools
from preflight.facts.guest import Disk
from preflight.host import Guest
from preflight.rule import (
    Findings,
    Migration,
    Severity,
    Unreadable,
    of_each,
    on_destination,
    rule,
    unless_storage_is_copied,
)


@rule(Severity.ERROR, guards_data=True, skip=unless_storage_is_copied)
def check(guest: Guest, destination: ImageOwners, destination_pools: Pools, migration: Migration) -> Findings:
    unread = next((other for other in destination.unread if other.uuid != guest.uuid), None)

    def owned(disk: Disk) -> Findings:
        if disk.empty or not migration.copies(disk.target, by_default=disk.copied_by_default):
            return
        path = destination_pools.path(disk)
        if path is None:
            return
        for other in destination.of(path):
            if other.uuid != guest.uuid:
                yield on_destination(
                    f"{path}, to which {disk.target} would be copied, belongs to the guest {other.name}"
                )
        if unread is not None:
            raise Unreadable(f"it is unknown whether {path} belongs to the guest {unread.name}: {unread.reason}")

    yield from of_each(guest.disks, owned)
