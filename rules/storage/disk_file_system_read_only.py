"""A disk that the guest writes to is on a file system that is read-only on the destination.

Why it matters
    The image of a disk that is copied is created there: "Could not create '/srv/images/web.qcow2': Read-only file
    system". An image that exists is opened for writing only when something is written: for a disk that is copied,
    "Block node is read-only"; otherwise when the guest is about to run there, so that the migration fails at its end:
    "Could not open '/srv/images/web.qcow2': Read-only file system".

How to fix
    Find out why the file system is read-only: it may be mounted so (findmnt -T PATH), or the kernel made it so after an
    error (dmesg). Then mount -o remount,rw.
"""

from preflight.facts import Pools, Storage
from preflight.facts.guest import Disk
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, of_each, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Storage, destination_pools: Pools, migration: Migration) -> Findings:
    yield from of_each(guest.disks, lambda disk: _read_only(disk, destination, destination_pools, migration))


def _read_only(disk: Disk, destination: Storage, pools: Pools, migration: Migration) -> Findings:
    path = None if disk.empty or disk.readonly or disk.type not in ("file", "volume") else pools.path(disk)
    if path is None:
        return
    there = destination.look(path)
    copied = migration.copies(disk.target, by_default=disk.copied_by_default)
    if there.read_only and (there.exists or copied):
        yield on_destination(
            f"{path}, the disk {disk.target}, is on {there.fs_source}, which is read-only",
            error=_error(path, exists=there.exists, copied=copied),
        )


def _error(path: str, *, exists: bool, copied: bool) -> str:
    if not exists:
        return f"Could not create '{path}': Read-only file system"
    return "Block node is read-only" if copied else f"Could not open '{path}': Read-only file system"
