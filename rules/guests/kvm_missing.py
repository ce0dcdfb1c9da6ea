"""The guest runs on KVM, and the destination has no KVM.

Why it matters
    A guest cannot change from KVM to emulation while it runs. Depending on the release, and on whether /dev/kvm is
    missing or unusable, libvirt says "Domain requires KVM, but it is not available" or "Emulator
    '/usr/bin/qemu-system-x86_64' does not support virt type 'kvm'". If the guest is off, the destination accepts its
    definition, but the guest does not start there.

How to fix
    Enable virtualization in the destination's firmware, or nested virtualization if the destination is itself a guest,
    and load the module: modprobe kvm_intel or kvm_amd. When /dev/kvm exists, restart the libvirt daemon.
"""

from preflight.facts import Capabilities, Storage, Versions
from preflight.facts.guest import KVM
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live

#: 7.0 and 9.0 were seen to report a missing device and an unusable one with different texts, and 11.3 both with the
#: text for an unusable one. The texts of other releases are not known. 7.0 has a different text for an unusable
#: device: "CPU mode 'custom' for x86_64 kvm domain on x86_64 host is not supported by hypervisor".
_TWO_TEXTS, _ONE_TEXT = (Version(7, 0, 0), Version(9, 0, 0)), Version(11, 3, 0)
_UNUSABLE = "does not support virt type 'kvm'"


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=("Could not access KVM kernel module: No such file or directory",),
)
def check(
    guest: Guest, destination: Capabilities, destination_storage: Storage, destination_versions: Versions
) -> Findings:
    if guest.virt_type == "kvm" and not destination.machines(guest.arch, "kvm"):
        yield on_destination(
            "libvirt finds no KVM on this host", error=_error(destination_versions, destination_storage)
        )


def _error(versions: Versions, storage: Storage) -> str | None:
    if versions.libvirt >= _ONE_TEXT:
        return _UNUSABLE
    oldest, newest = _TWO_TEXTS
    if not oldest <= versions.libvirt <= newest:
        return None
    try:
        unusable = _UNUSABLE if versions.libvirt == newest else "is not supported by hypervisor"
        return unusable if storage.look(KVM).exists else "Domain requires KVM, but it is not available"
    except Unreadable:
        return None
