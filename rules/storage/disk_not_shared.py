"""A disk of the guest lies on the source's own storage.

Why it matters
    libvirt refuses unless the storage is of a kind that it knows to be shared: "Unsafe migration: Migration without
    shared storage is unsafe". A network disk, a read-only disk and a disk that is copied are safe; a block device is
    not looked at. Where a volume of a storage pool lies is not known here.

How to fix
    Put the image on storage that both hosts mount (NFS, GFS2, OCFS2, CephFS, GlusterFS…), or copy it with
    --copy-storage-all. For an exported local directory that the destination mounts, name it in shared_filesystems in
    the source's qemu.conf, where libvirt has that key.
"""

from preflight.facts import Storage
from preflight.facts.record import Unreadable
from preflight.host import Guest
from preflight.migration import Migration, unless_live
from preflight.rule import Findings, Severity, on_source, rule


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, source: Storage, migration: Migration) -> Findings:
    at_risk = [
        disk
        for disk in guest.disks
        if not (disk.empty or disk.readonly or (migration.copy_storage and disk.copied_by_default))
    ]
    unsafe = False
    for disk in at_risk:
        if disk.type == "nvme":
            unsafe = True
            yield on_source(
                f"{disk.target} is an NVMe device of the source",
                error="Migration without shared storage is unsafe",
            )
        elif disk.type == "file" and disk.path is not None:
            place = source.look(disk.path)
            if not place.shared:
                unsafe = True
                yield on_source(
                    f"{disk.target}, {disk.path}, is on {place.fs_type} ({place.fs_source}), which is not shared",
                    error="Migration without shared storage is unsafe",
                )
    volumes = [disk.target for disk in at_risk if disk.type == "volume"]
    if volumes and not unsafe:
        raise Unreadable(f"{volumes[0]} is a volume of a storage pool: where it lies was not asked")
