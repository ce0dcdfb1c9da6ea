"""The guest runs on KVM, and the destination's QEMU is not allowed to open /dev/kvm.

Why it matters
    QEMU runs as the user that qemu.conf names (user, group), and that user must be able to read and write /dev/kvm:
    "Could not access KVM kernel module: Permission denied" or, with QEMU 10, "No such file or directory". libvirt
    itself runs as root and reports KVM as usable.

How to fix
    Add QEMU's user to the group of /dev/kvm (usermod -a -G kvm libvirt-qemu), and make sure that the group can read and
    write the device (chmod 660, which udev does by default).
"""

from preflight.facts import QemuUser, Storage
from preflight.facts.guest import KVM
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=("Could not access KVM kernel module: No such file or directory",),  # in QEMU's mount namespace
)
def check(guest: Guest, destination: QemuUser, destination_storage: Storage) -> Findings:
    if guest.virt_type != "kvm" or destination.uid == 0 or guest.devices.own_user:
        return
    if not destination_storage.look(KVM).exists:
        return  # another rule reports that
    if not destination.opens_kvm():
        yield on_destination(
            f"QEMU's user on this host (UID {destination.uid}) is not allowed to open {KVM}",
            error="Could not access KVM kernel module: ",
        )
