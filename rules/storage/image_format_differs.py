"""The image at a disk's path on the destination is not in the format of the disk.

Why it matters
    Where a disk is not copied, the destination's QEMU opens what is at the same path. An empty file, or a raw image, in
    place of the qcow2 image ends it: "Image is not in qcow2 format".

How to fix
    Put the source's image at that path (qemu-img info on both hosts), or mount the storage that both hosts share.
"""

from preflight.facts import Images, Pools, Storage
from preflight.facts.guest import Disk
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, of_each, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(
    guest: Guest,
    destination: Storage,
    destination_pools: Pools,
    destination_images: Images,
    migration: Migration,
) -> Findings:
    def differing(disk: Disk) -> Findings:
        path = destination_pools.path(disk) if disk.format == "qcow2" and not disk.empty else None
        if path is None or migration.copies(disk.target, by_default=disk.copied_by_default):
            return  # of what is copied disk-size-differs tells
        there = destination.look(path)
        if there.kind == "file" and destination_images.is_raw(path):
            yield on_destination(
                f"{path}, the disk {disk.target}, is not in qcow2 format on the destination",
                error="Image is not in qcow2 format",
            )

    yield from of_each(guest.disks, differing)
