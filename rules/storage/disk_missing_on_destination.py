"""A file or device that the guest's disks need does not exist on the destination.

Why it matters
    The destination's QEMU opens the same paths, backing files and CD-ROM images too: "Cannot access storage file
    '/srv/images/web.qcow2': No such file or directory". A medium in a CD-ROM or floppy drive whose
    startupPolicy is optional or requisite is left out instead.

How to fix
    Mount the same storage at the same place on the destination, copy the image there, or eject the medium.
"""

from preflight.facts import Storage
from preflight.host import Guest
from preflight.migration import Migration, unless_live
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Storage, migration: Migration) -> Findings:
    for disk in guest.disks:
        left_out = disk.device in ("cdrom", "floppy") and disk.startup_policy in ("optional", "requisite")
        if left_out or (migration.copy_storage and disk.copied_by_default):
            continue
        for path in disk.paths:
            if not destination.look(path).exists:
                yield on_destination(
                    f"{path}, needed by the disk {disk.target}, is not here",
                    error=f"Cannot access storage file '{path}'" if path == disk.path else f"'{path}'",
                )
