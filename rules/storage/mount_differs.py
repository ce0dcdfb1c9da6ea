"""On the destination's network storage, the path of a guest's disk leads to a different file.

Why it matters
    libvirt sees shared storage on both hosts and compares nothing else. If another export is mounted there, the guest
    migrates, and from then on reads and writes the wrong disk: at best an outdated copy. On NFS and CephFS the server
    assigns a file's number, so two different numbers are two files, whatever the mounts are called.

How to fix
    On the destination, mount the same export that the source has mounted at that place (compare findmnt --target of the
    path on both hosts).
"""

from collections.abc import Iterable

from preflight.facts import Pools, Storage
from preflight.facts.guest import Disk
from preflight.host import Guest
from preflight.rule import Finding, Findings, Migration, Severity, of_each, on_destination, rule, unless_live


@rule(Severity.WARNING, guards_data=True, skip=unless_live)
def check(
    guest: Guest,
    source_guest: Guest,
    source: Storage,
    destination: Storage,
    source_pools: Pools,
    destination_pools: Pools,
    migration: Migration,
) -> Findings:
    on_source = {disk.target: disk for disk in source_guest.disks}

    def differing(disk: Disk) -> Iterable[Finding]:
        # a read-only medium may be a copy
        if disk.empty or disk.readonly or disk.type not in ("file", "volume"):
            return ()
        if migration.copies(disk.target, by_default=disk.copied_by_default):
            return ()
        here = source_pools.path(on_source.get(disk.target, disk))
        there = destination_pools.path(disk)
        if here is None or there is None:
            return ()
        return _other(disk.target, source, here, destination, there)

    yield from of_each(guest.disks, differing)


def _other(target: str, source: Storage, here: str, destination: Storage, there: str) -> list[Finding]:
    mine, other = source.look(here), destination.look(there)
    if not other.is_another_than(mine):
        return []
    return [
        on_destination(
            f"{there}, the disk {target}, is not the source's file: it is on {other.fs_source} on the destination and"
            f" on {mine.fs_source} on the source"
        )
    ]
