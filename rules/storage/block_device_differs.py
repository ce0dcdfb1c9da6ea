"""The block device at the path of a guest's disk is a different device on the destination.

Why it matters
    libvirt assumes that a block device is shared and does not check: the guest migrates, reads the content of another
    device, and overwrites it. virsh reports success. preflight compares the devices by their size, their worldwide name
    (WWID, or the name that LVM or multipath gives) and the identifiers written at their start.

How to fix
    Give the device the same path on both hosts, preferably one that is derived from the device itself:
    /dev/disk/by-id/wwn-…, /dev/mapper/… with multipath, or the name of a shared volume group.
"""

from preflight.facts import BlockDevices
from preflight.facts.guest import Disk
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, of_each, on_destination, rule, unless_live


@rule(Severity.ERROR, guards_data=True, skip=unless_live)
def check(guest: Guest, source: BlockDevices, destination: BlockDevices, migration: Migration) -> Findings:
    def differing(disk: Disk) -> Findings:
        if disk.type != "block" or disk.path is None or (migration.copy_storage and disk.copied_by_default):
            return
        mine, other = source.look(disk.path), destination.look(disk.path)
        if mine is None or other is None:
            return  # another rule reports what is there instead
        difference = mine.difference(other)
        if difference is not None:
            yield on_destination(
                f"{disk.path}, the disk {disk.target}, is a different device on the destination: it {difference}"
            )

    yield from of_each(guest.disks, differing)
