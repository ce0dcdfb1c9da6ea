"""A file system of the destination has too little room for the disks that are copied to it.

Why it matters
    libvirt creates each image before it copies anything, and reserves the full size of the disk, however little the
    source's image occupies: "cannot allocate 10737418240 bytes in file '/srv/images/web.raw': No space left on device",
    or for qcow2 "Could not preallocate new data: No space left on device"; and without a free inode "Could not create
    '/srv/images/web.qcow2': No space left on device". The room that is counted is what root can
    write; quotas and thin volumes are not considered. An image that already exists is not looked at: "migration of disk
    vda failed: No space left on device" if it is sparse and its file system fills up.

How to fix
    Make room on the destination's file system (df, df -i), or move its storage pool to a larger one.
"""

from preflight.facts import Images, Pools, Storage
from preflight.facts.guest import Disk
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, on_destination, rule, unless_live, unless_storage_is_copied

_MIB = 1024 * 1024


def _skip(migration: Migration) -> str | None:
    return unless_live(migration) or unless_storage_is_copied(migration)


@rule(
    Severity.ERROR,
    skip=_skip,
    errors=("migration of disk ... failed: No space left on device",),
)
def check(
    guest: Guest,
    source_guest: Guest,
    source: Storage,
    source_pools: Pools,
    source_images: Images,
    destination: Storage,
    destination_pools: Pools,
    migration: Migration,
) -> Findings:
    own = {disk.target: disk for disk in source_guest.disks}
    taken: dict[tuple[str, str], int] = {}
    for disk in guest.disks:
        if disk.type not in ("file", "volume") or disk.format not in ("raw", "qcow2"):
            continue
        if not migration.copies(disk.target, by_default=disk.copied_by_default):
            continue
        path = destination_pools.path(disk)
        size = _size(own.get(disk.target, disk), source, source_pools, source_images)
        if path is None or size is None:
            continue
        there = destination.look(path)
        if there.exists or there.read_only or there.fs_free is None:
            continue  # of a read-only file system another rule tells
        if not there.fs_takes_files:
            yield on_destination(
                f"{there.fs_source}, where {path} is to be created for {disk.target}, has no free inodes",
                error=f"Could not create '{path}': No space left on device",
            )
            continue
        on = (there.fs_type, there.fs_source)
        taken[on] = taken.get(on, 0) + size
        if taken[on] > there.fs_free:
            yield on_destination(
                f"{disk.target} needs {size // _MIB} MiB at {path}, where {there.fs_free // _MIB} MiB are free",
                error=f"bytes in file '{path}': No space left on device"
                if disk.format == "raw"
                else "Could not preallocate new data: No space left on device",
            )


def _size(disk: Disk, storage: Storage, pools: Pools, images: Images) -> int | None:
    """Return the size of the disk in bytes; None if the source's image is no file."""
    path = pools.path(disk)
    place = storage.look(path) if path else None
    if path is None or place is None or place.kind != "file":
        return None
    return place.size if disk.format == "raw" else images.look(path).size
