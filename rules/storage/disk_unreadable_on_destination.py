"""The destination's QEMU may not open a file that the guest's disks need.

Why it matters
    QEMU runs as the user that qemu.conf names (user, group), and the kernel holds it to that user's rights:
    "Could not open '/srv/images/web.qcow2': Permission denied", or "Block node is read-only" where a copied disk's
    image may be read and not be written to. libvirt makes the files that user's own beforehand,
    unless dynamic_ownership is 0; to the directories above them it never does anything.

How to fix
    Let the user read the files, and write those that the guest writes to (chown or chmod), and pass the directories
    above them (chmod o+x). Or set dynamic_ownership = 1 in the destination's qemu.conf, and restart its daemon.
"""

from preflight.facts import Pools, QemuUser
from preflight.host import Guest
from preflight.rule import Finding, Findings, Migration, Severity, Unreadable, on_destination, rule, unless_live

READ_ONLY = "Block node is read-only"


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: QemuUser, destination_pools: Pools, migration: Migration) -> Findings:
    if destination.uid == 0 or guest.devices.own_user:
        return
    unknown: Unreadable | None = None
    for disk in guest.disks:
        copied = migration.copies(disk.target, by_default=disk.copied_by_default)
        try:
            opened = destination_pools.paths(disk)[: 1 if copied else None]
        except Unreadable as why:
            unknown = why
            continue
        for path in opened:
            # what lies below the image is read only
            wanted = "r" if disk.readonly or path in disk.backing else "rw"
            try:
                found = _kept_out(destination, path, wanted, disk.target, copied=copied)
            except Unreadable as why:
                unknown = why
                continue
            if found is not None:
                yield found
    if unknown is not None and destination.dynamic_ownership is False:
        raise unknown


def _kept_out(user: QemuUser, path: str, wanted: str, target: str, *, copied: bool) -> Finding | None:
    whose = f"QEMU's user here ({user.uid})"
    if user.entries and path not in user.entries and not copied:
        return None  # it is not there, which another rule says
    barring = user.barred_from(path)
    if barring is not None:
        return on_destination(
            f"{whose} may not pass the directory {barring}, above {path} of the disk {target}",
            error="Permission denied",
            fix=f"on the destination: chmod o+x {barring}",
        )
    if user.dynamic_ownership is not False or (user.entries and path not in user.entries):
        return None  # libvirt gives it to the user, or makes it
    if user.may_open(path, wanted):
        return None
    what = "read" if wanted == "r" or not user.may_open(path, "r") else "write to"
    # what it may only read QEMU opens all the same, and complains when the guest, or the copy, is to write to it
    error = READ_ONLY if copied and what == "write to" else f"Could not open '{path}': Permission denied"
    return on_destination(f"{whose} may not {what} {path}, needed by the disk {target}", error=error)
