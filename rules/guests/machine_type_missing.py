"""The destination's QEMU does not know the guest's machine type.

Why it matters
    The machine type is fixed while the guest runs, and the destination must have the same: "Emulator
    '/usr/bin/qemu-system-x86_64' does not support machine type 'pc-i440fx-10.0'". The definition alone of a guest
    that is off is taken, but does not start there.

How to fix
    Upgrade QEMU on the destination, or shut the guest down and give it a machine type that both hosts have.
"""

from preflight.facts import Capabilities
from preflight.host import Guest
from preflight.migration import unless_live
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Capabilities) -> Findings:
    known = destination.machines(guest.arch, guest.virt_type)
    if known and not destination.supports_machine(guest.arch, guest.virt_type, guest.emulator, guest.machine):
        yield on_destination(
            f"the machine type {guest.machine} is not known to this QEMU",
            error=f"does not support machine type '{guest.machine}'",
        )
