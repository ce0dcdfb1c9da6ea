"""The device at the path of a guest's disk is another one on the destination.

Why it matters
    libvirt takes a block device for shared and does not look: the guest moves, finds another content under its feet,
    and writes its own over it. virsh reports success. Two devices are told apart by their size, their name in the world
    (WWID, or that of LVM and multipath) and the identifiers of what is written at their start.

How to fix
    Give the device the same path on both hosts, best one that follows from the device itself: /dev/disk/by-id/wwn-…,
    /dev/mapper/… of multipath, or the name of a shared volume group.
"""

from preflight.facts import BlockDevices
from preflight.facts.guest import Disk
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, of_each, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, source: BlockDevices, destination: BlockDevices, migration: Migration) -> Findings:
    def differing(disk: Disk) -> Findings:
        if disk.type != "block" or disk.path is None or (migration.copy_storage and disk.copied_by_default):
            return
        mine, other = source.look(disk.path), destination.look(disk.path)
        if mine is None or other is None:
            return  # another rule says what is there instead
        difference = mine.difference(other)
        if difference is not None:
            yield on_destination(f"{disk.path}, of the disk {disk.target}, is another device here: it {difference}")

    yield from of_each(guest.disks, differing)
