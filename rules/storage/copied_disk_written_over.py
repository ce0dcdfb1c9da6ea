"""A copied disk overwrites an image or device that already exists on the destination.

Why it matters
    A copy (--copy-storage-all, --copy-storage-inc) is written into the image or device that already exists, whatever it
    contains: libvirt creates a new image only if there is none. Nothing is lost if the image was created for the copy,
    but the contents of a disk that is still needed are destroyed.

How to fix
    Find out what the image or device contains (qemu-img info, virsh domblklist of the guests that are off). If its
    contents are not needed, remove it and let libvirt create the image in a storage pool, or let the copy overwrite it.
"""

from preflight.facts import Images, Pools, Storage
from preflight.facts.guest import Disk
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, of_each, on_destination, rule, unless_storage_is_copied

#: Bytes up to which a qcow2 image contains no data yet: its header, its first tables and those of the largest disk that
#: qemu-img creates without preallocation (a disk of 2 TiB: 33 clusters of 64 KiB).
EMPTY = 4 * 1024 * 1024


@rule(Severity.WARNING, guards_data=True, skip=unless_storage_is_copied)
def check(
    guest: Guest, destination: Storage, destination_pools: Pools, destination_images: Images, migration: Migration
) -> Findings:
    def written_over(disk: Disk) -> Findings:
        if disk.empty or not migration.copies(disk.target, by_default=disk.copied_by_default):
            return
        path = destination_pools.path(disk)
        place = destination.look(path) if path else None
        if place is None or place.kind not in ("file", "block") or (place.size == 0 and place.kind == "file"):
            return
        if not _is_new(disk, path or "", place.size or 0, destination_images):
            yield on_destination(f"{path} already exists: copying {disk.target} overwrites it")

    yield from of_each(guest.disks, written_over)


def _is_new(disk: Disk, path: str, size: int, images: Images) -> bool:
    """Report whether the image was created and never written to; the size of a raw image does not show it."""
    return disk.format == "qcow2" and size <= EMPTY and images.look(path).format == "qcow2"
