"""The destination's QEMU does not support the guest's machine type.

Why it matters
    The machine type is fixed while the guest runs, and the destination must have the same: "Emulator
    '/usr/bin/qemu-system-x86_64' does not support machine type 'pc-i440fx-10.0'", or, with an older libvirt, QEMU's own
    "unsupported machine type". If the guest is off, the destination accepts its definition, but the guest does not
    start there.

How to fix
    Upgrade QEMU on the destination, or shut the guest down and give it a machine type that both hosts support.
"""

from preflight.facts import Capabilities, Versions
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

#: Releases known to refuse the type themselves, and to leave that to QEMU (qemu_validate.c of 8.5.0; 7.0 in the lab).
LIBVIRT_REFUSES, QEMU_REFUSES = Version(8, 5), Version(7, 0)


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Capabilities, destination_versions: Versions) -> Findings:
    known = destination.machines(guest.arch, guest.virt_type)
    if known and not destination.supports_machine(guest.arch, guest.virt_type, guest.emulator, guest.machine):
        yield on_destination(
            f"this host's QEMU does not support the machine type {guest.machine}",
            error=_error(guest.machine, destination_versions.libvirt),
        )


def _error(machine: str, libvirt: Version) -> str | None:
    if libvirt >= LIBVIRT_REFUSES:
        return f"does not support machine type '{machine}'"
    return "unsupported machine type" if libvirt <= QEMU_REFUSES else None
