"""A file or device that the guest's disks need does not exist on the destination.

Why it matters
    The destination's QEMU opens the same paths, backing files and CD-ROM images too: "Cannot access storage file
    '/srv/images/web.qcow2': No such file or directory". A medium in a CD-ROM or floppy drive whose startupPolicy is
    optional or requisite is left out instead. A disk that is copied is created, if it is a file in a directory that is
    a storage pool of the destination's: else "no storage pool with matching target path '/srv/images'". Whether a
    pool has it is not known here, and what volumes of pools there are is not either.

How to fix
    Mount the same storage at the same place on the destination, copy the image there, or eject the medium. For a disk
    that is copied, create an image of the same size there beforehand.
"""

from preflight.facts import Storage
from preflight.facts.record import Unreadable
from preflight.host import Guest
from preflight.migration import Migration, unless_live
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Storage, migration: Migration) -> Findings:
    missing, unknown = False, ""
    for disk in guest.disks:
        if disk.device in ("cdrom", "floppy") and disk.startup_policy in ("optional", "requisite"):
            continue
        copied = migration.copy_storage and disk.copied_by_default
        if disk.type == "volume" and not disk.empty:
            unknown = f"{disk.target} is a volume of a storage pool: whether it is here was not asked"
        for path in disk.paths[:1] if copied else disk.paths:
            if destination.look(path).exists:
                continue
            if copied and disk.type == "file":
                unknown = f"{path} is not here, and whether a storage pool could create it was not asked"
                continue
            missing = True
            yield on_destination(
                f"{path}, needed by the disk {disk.target}, is not here",
                error=_error(path, of_backing=path != disk.path, precreated=disk.type if copied else None),
            )
    if unknown and not missing:
        raise Unreadable(unknown)


def _error(path: str, *, of_backing: bool, precreated: str | None) -> str:
    if precreated is not None:
        return f"cannot precreate storage for disk type '{precreated}'"
    return f"'{path}'" if of_backing else f"Cannot access storage file '{path}'"
