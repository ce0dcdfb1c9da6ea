"""The destination's QEMU is not allowed to open a file that the guest's disks need.

Why it matters
    QEMU runs as the user that qemu.conf names (user, group), and the kernel enforces that user's permissions: "Could
    not open '/srv/images/web.qcow2': Permission denied", or "Block node is read-only" if QEMU can read the image of a
    copied disk but not write to it. Before QEMU starts, libvirt makes that user the owner of the files, unless
    dynamic_ownership is 0; it never changes the directories above them.

How to fix
    Allow the user to read the files, to write to those that the guest writes to (chown or chmod), and to pass through
    the directories above them (chmod o+x). Or set dynamic_ownership = 1 in the destination's qemu.conf, and restart its
    daemon.
"""

from preflight.facts import Pools, QemuUser
from preflight.host import Guest
from preflight.rule import Finding, Findings, Migration, Severity, Unreadable, on_destination, rule, unless_live

READ_ONLY = "Block node is read-only"


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=("could not open disk image ...: Permission denied",),  # QEMU before 2.10
)
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
            # backing files are only read
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
    whose = f"the destination's QEMU user ({user.uid})"
    if user.entries and path not in user.entries and not copied:
        return None  # the file is missing, which another rule reports
    barring = user.barred_from(path)
    if barring is not None:
        return on_destination(
            f"{whose} is not allowed to pass through the directory {barring}, above {path}, the disk {target}",
            error="Permission denied",
            fix=f"on the destination: chmod o+x {barring}",
        )
    if user.dynamic_ownership is not False or (user.entries and path not in user.entries):
        return None  # libvirt changes its owner, or creates it
    if user.may_open(path, wanted):
        return None
    what = "read" if wanted == "r" or not user.may_open(path, "r") else "write to"
    # QEMU opens a file that it may only read, and fails when the guest, or the copy, has to write to it
    error = READ_ONLY if copied and what == "write to" else f"Could not open '{path}': Permission denied"
    return on_destination(f"{whose} is not allowed to {what} {path}, required by the disk {target}", error=error)
