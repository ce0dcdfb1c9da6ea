"""The guest runs on KVM, and the destination has no KVM.

Why it matters
    A guest cannot change from KVM to emulation while it runs. By its release, and by whether /dev/kvm is not there or
    not usable, libvirt says "Domain requires KVM, but it is not available" or "Emulator '/usr/bin/qemu-system-x86_64'
    does not support virt type 'kvm'". The definition alone of a guest that is off is taken, but does not start there.

How to fix
    Enable virtualization in the destination's firmware, or nested virtualization where it is itself a guest, and load
    the module: modprobe kvm_intel or kvm_amd. /dev/kvm must exist; restart the libvirt daemon afterwards.
"""

from preflight.facts import Capabilities
from preflight.host import Guest
from preflight.migration import unless_live
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Capabilities) -> Findings:
    if guest.virt_type == "kvm" and not destination.machines(guest.arch, "kvm"):
        yield on_destination("libvirt finds no KVM on this host")
