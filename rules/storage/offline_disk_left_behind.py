"""A file that the guest starts with stays behind when the guest is moved by its definition.

Why it matters
    libvirt's offline migration copies the definition, looks at no disk, and reports success. Where the destination
    lacks a file, the guest can no longer be started: "Cannot access storage file '/srv/images/web.qcow2'". Where the
    file lies on storage of the source's own, one of that path on the destination is another: the guest starts with an
    old or foreign disk, and writes to it.

How to fix
    Put the disks on storage that both hosts have. Or copy them, make sure that they are the same, and say so with
    --unsafe: then this is a warning. libvirt copies no storage of a guest that is off. The variables of its firmware
    (NVRAM) preflight migrate takes along, virsh migrate does not.
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


@rule(Severity.ERROR, skip=unless_offline)
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
                    f"{there}, the disk {disk.target}, is not here: the guest would not start", severity=severity
                )
            elif disk.type == "block" and disk.path is not None:
                mine, other = source_devices.look(disk.path), destination_devices.look(disk.path)
                difference = mine.difference(other) if mine is not None and other is not None else None
                if difference is not None:
                    yield on_destination(
                        f"{disk.path}, the disk {disk.target}, is another device here: it {difference}",
                        severity=severity,
                    )
            elif not disk.readonly:  # a medium that is only read may well be a copy
                own = source_pools.path(here.get(disk.target, disk))
                at_destination = destination.look(there) if there else None
                yield from _left(disk, own, source.look(own) if own else None, at_destination, severity)
        except Unreadable as why:
            unknown = why
    nvram = guest.devices.nvram
    if nvram is not None and not destination.look(nvram).exists:
        yield on_destination(
            f"{nvram}, the variables of its firmware, is not here: preflight migrate takes it along, virsh does not",
            severity=Severity.INFO,
        )
    if unknown is not None:
        raise unknown


def _left(
    disk: Disk, own: str | None, mine: PathStatus | None, other: PathStatus | None, severity: Severity | None
) -> list[Finding]:
    """Say why what the destination has is not the disk's own file; nothing where it is, or lies on a network."""
    if disk.type == "nvme":
        return [on_source(f"the disk {disk.target} is an NVMe device of the source", severity=severity)]
    if mine is None or mine.kind != "file":
        return []
    if not mine.shared:
        if other is not None and mine.is_networked_with(other):
            return []
        what = (
            f"is on {mine.fs_type} ({mine.fs_source}), which is not shared: what the destination has there is another"
        )
        return [on_source(f"{own}, the disk {disk.target}, {what}", severity=severity)]
    if other is None or other.kind != "file":
        return []
    if not other.shared:
        what = f"is on {other.fs_type} ({other.fs_source}) here, which is not shared: it is not the source's file"
        return [on_destination(f"{other.path}, the disk {disk.target}, {what}", severity=severity)]
    if other.is_another_than(mine):
        what = f"is another file than the source's: it lies on {other.fs_source} here, on {mine.fs_source} there"
        return [on_destination(f"{other.path}, the disk {disk.target}, {what}", severity=severity)]
    return []
