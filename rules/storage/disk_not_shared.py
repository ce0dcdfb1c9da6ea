"""A disk of the guest is on local storage of the source.

Why it matters
    libvirt refuses unless it recognizes the storage as a shared kind: "Unsafe migration: Migration without shared
    storage is unsafe". A network disk, a read-only disk and a disk that is copied are safe; libvirt does not check a
    block device. For a volume, the location of its storage pool counts.

How to fix
    Put the image on storage that both hosts mount (NFS, GFS2, OCFS2, CephFS, GlusterFS…), or copy it with
    --copy-storage-all. If the destination mounts a local directory that the source exports, name that directory in
    shared_filesystems in the source's qemu.conf (libvirt 10.9 and later), and restart the daemon. With --unsafe libvirt
    does not check, and this is a warning.
"""

from preflight.facts import Pools, SharedDirectories, Storage
from preflight.facts.guest import Disk
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, Unreadable, on_source, rule, unless_live


@rule(Severity.ERROR, guards_data=True, skip=unless_live)
def check(
    source_guest: Guest, source: Storage, source_pools: Pools, source_shared: SharedDirectories, migration: Migration
) -> Findings:
    is_unsafe = "unsafe" in migration.flags
    for disk in source_guest.disks:
        if disk.empty or disk.readonly or migration.copies(disk.target, by_default=disk.copied_by_default):
            continue
        why = _why_not(disk, source, source_pools, source_shared)
        if why is not None:
            yield on_source(
                f"{disk.target}{why}",
                error=None if is_unsafe else "Migration without shared storage is unsafe",
                severity=Severity.WARNING if is_unsafe else None,
            )


def _why_not(disk: Disk, source: Storage, pools: Pools, shared: SharedDirectories) -> str | None:
    """Return why the disk is not shared; None if it is, or if libvirt does not check."""
    if disk.type == "nvme":
        return " is an NVMe device of the source"
    if disk.pool is not None:
        pool = pools.by_name(disk.pool)
        if pool is None:
            raise Unreadable(f"{disk.target} is a volume of the storage pool {disk.pool}, which no longer exists")
        if not pool.makes_files:
            return None  # a block device
    elif disk.type != "file":
        return None
    path = pools.path(disk)
    place = source.look(path) if path else None
    if path is None or place is None or place.shared or shared.has(path):
        return None
    return f", {path}, is on {place.fs_type} ({place.fs_source}), which is not shared"
