"""The destination has a saved state of this guest, which a later start would restore.

Why it matters
    virsh managedsave, and libvirt-guests with ON_SHUTDOWN=suspend at each reboot, keep a guest's memory in
    /var/lib/libvirt/qemu/save. A migration leaves a saved state on the destination untouched. When the guest has been
    migrated, has run and is next started on the destination, libvirt does not boot the guest but restores that old
    memory, including its page cache, although the disks have been written to since. This damages file systems.

How to fix
    On the destination: virsh managedsave-remove. If that saved memory is what you want to keep, do not move the guest:
    start it there.
"""

from preflight.facts import Guests
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.ERROR, guards_data=True)
def check(guest: Guest, destination: Guests) -> Findings:
    twin = destination.by_uuid(guest.uuid)
    if twin is not None and twin.saved:
        yield on_destination(
            f"{twin.name} has a saved state here, which its next start would restore over newer disks",
            fix=f"on the destination: virsh managedsave-remove {twin.name}",
        )
