"""A disk of the guest is on local storage of the source.

Why it matters
    libvirt refuses unless it recognizes the storage as a shared kind: "Unsafe migration: Migration without shared
    storage is unsafe". A network disk, a read-only disk and a disk that is copied are safe; libvirt does not check a
    block device. For a volume, the location of its storage pool counts.

How to fix
    Put the image on storage that both hosts mount (NFS, GFS2, OCFS2, CephFS, GlusterFS…), or copy it with
    --copy-storage-all. If the destination mounts a local directory that the source exports, name that directory in
    shared_filesystems in the source's qemu.conf, if the source's libvirt has that setting, and restart the source's
    libvirt daemon. With --unsafe libvirt does not check, and this is a warning.
"""

from preflight.facts import GuestSettings, Pools, Storage, Versions
from preflight.facts.guest import Disk
from preflight.facts.libvirt import Version
from preflight.facts.storage import above
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, Unreadable, on_source, rule, unless_live

#: The newest release that was seen to ignore shared_filesystems, and the oldest that was seen to read it.
READS_IT_NOT, READS_IT = Version(9, 0, 0), Version(11, 3, 0)


@rule(Severity.ERROR, guards_data=True, skip=unless_live)
def check(
    source_guest: Guest,
    source: Storage,
    source_pools: Pools,
    source_settings: GuestSettings,
    source_versions: Versions,
    migration: Migration,
) -> Findings:
    is_unsafe = "unsafe" in migration.flags
    for disk in source_guest.disks:
        if disk.empty or disk.readonly or migration.copies(disk.target, by_default=disk.copied_by_default):
            continue
        why = _why_not(disk, source, source_pools)
        if why is not None and not _is_declared(disk, source_pools, source_settings, source_versions):
            yield on_source(
                f"{disk.target}{why}",
                error=None if is_unsafe else "Migration without shared storage is unsafe",
                severity=Severity.WARNING if is_unsafe else None,
            )


def _is_declared(disk: Disk, pools: Pools, settings: GuestSettings, versions: Versions) -> bool:
    """Report whether shared_filesystems names the disk's directory or one above it (virFileIsSharedFSOverride)."""
    if versions.libvirt <= READS_IT_NOT:
        return False
    path = pools.path(disk)
    named = [one.rstrip("/") or "/" for one in settings.texts("shared_filesystems").value]
    if path is None or not {path, *above(path)}.intersection(named):
        return False
    if versions.libvirt < READS_IT:
        raise Unreadable(f"libvirt {versions.libvirt} may or may not read shared_filesystems in qemu.conf")
    return True


def _why_not(disk: Disk, source: Storage, pools: Pools) -> str | None:
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
    if place is None or place.shared:
        return None
    return f", {path}, is on {place.fs_type} ({place.fs_source}), which is not shared"
