"""A file that the guest needs to start is not migrated with its definition.

Why it matters
    libvirt's offline migration copies only the definition, without checking any disk, and reports success. preflight
    migrate also copies the variables of the guest's firmware (NVRAM); virsh migrate does not. If the destination lacks
    a file, the guest can no longer be started: "Cannot access storage file '/srv/images/web.qcow2'". If the file is on
    storage local to the source, a file at the same path on the destination is a different file: the guest starts with
    an outdated disk, or with another guest's, and writes to it.

How to fix
    Put the disks on storage that both hosts have. Or copy them yourself, since libvirt does not copy the storage of a
    guest that is off, make sure that the copies are identical, and confirm that with --unsafe, which turns this error
    into a warning.
"""

from preflight.facts import BlockDevices, Pools, Storage
from preflight.facts.guest import Disk
from preflight.facts.storage import PathStatus
from preflight.host import Guest
from preflight.rule import (
    Finding,
    Findings,
    Migration,
    Severity,
    Unreadable,
    on_destination,
    on_source,
    rule,
    unless_offline,
)


@rule(Severity.ERROR, guards_data=True, skip=unless_offline)
def check(
    guest: Guest,
    source_guest: Guest,
    source: Storage,
    destination: Storage,
    source_pools: Pools,
    destination_pools: Pools,
    source_devices: BlockDevices,
    destination_devices: BlockDevices,
    migration: Migration,
) -> Findings:
    severity = Severity.WARNING if "unsafe" in migration.flags else None
    unknown: Unreadable | None = None
    here = {disk.target: disk for disk in source_guest.disks}
    for disk in guest.disks:
        if disk.empty or disk.left_out_if_missing:
            continue
        try:
            there = destination_pools.path(disk)
            if there is not None and not destination.look(there).exists:
                yield on_destination(
                    f"{there}, the disk {disk.target}, does not exist on the destination: the guest would not start",
                    severity=severity,
                )
            elif disk.type == "block" and disk.path is not None:
                mine, other = source_devices.look(disk.path), destination_devices.look(disk.path)
                difference = mine.difference(other) if mine is not None and other is not None else None
                if difference is not None:
                    yield on_destination(
                        f"{disk.path}, the disk {disk.target}, is a different device on the destination:"
                        f" it {difference}",
                        severity=severity,
                    )
            elif not disk.readonly:  # a read-only medium may be a copy
                own = source_pools.path(here.get(disk.target, disk))
                at_destination = destination.look(there) if there else None
                yield from _left(disk, own, source.look(own) if own else None, at_destination, severity)
        except Unreadable as why:
            unknown = why
    nvram = guest.devices.nvram
    if nvram is not None and not destination.look(nvram).exists:
        yield on_destination(
            f"the destination lacks {nvram}, the firmware's variables: preflight migrate copies it, virsh does not",
            severity=Severity.INFO,
        )
    if unknown is not None:
        raise unknown


def _left(
    disk: Disk, own: str | None, mine: PathStatus | None, other: PathStatus | None, severity: Severity | None
) -> list[Finding]:
    """Return a finding if the destination's file is not the disk's own; none if it is, or if it is on a network."""
    if disk.type == "nvme":
        return [on_source(f"the disk {disk.target} is an NVMe device of the source", severity=severity)]
    if mine is None or mine.kind != "file":
        return []
    if not mine.shared:
        if other is not None and mine.is_networked_with(other):
            return []
        what = (
            f"is on {mine.fs_type} ({mine.fs_source}), which is not shared: the destination cannot have the same file"
        )
        return [on_source(f"{own}, the disk {disk.target}, {what}", severity=severity)]
    if other is None or other.kind != "file":
        return []
    if not other.shared:
        what = f"is on {other.fs_type} ({other.fs_source}), which is not shared: it is not the source's file"
        return [on_destination(f"{other.path}, the disk {disk.target}, {what}", severity=severity)]
    if other.is_another_than(mine):
        where = f"it is on {other.fs_source} on the destination and on {mine.fs_source} on the source"
        what = f"is not the source's file: {where}"
        return [on_destination(f"{other.path}, the disk {disk.target}, {what}", severity=severity)]
    return []
