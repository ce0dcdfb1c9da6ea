"""The guest has a device of the source's own, passed through to it.

Why it matters
    Such a device cannot come along. libvirt before 8.6 refuses all but USB: "cannot migrate a domain with <hostdev
    mode='subsystem' type='pci'>", or "<interface type='hostdev'>". Later ones leave it to QEMU, which can send the
    state of a few, if their driver in the kernel lets it (VFIO migration): that only QEMU knows when it is asked to
    migrate, so it is unknown here. A network card that teams with one that can be moved (<teaming type='transient'>) is
    unplugged meanwhile.

How to fix
    Detach the device as long as the move takes (virsh detach-device), or team the network card with a virtio one.
"""

from preflight.facts import Versions
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_source, rule, unless_live

#: Since then libvirt asks QEMU (qemuMigrationSrcIsAllowed, src/qemu/qemu_migration.c).
_ASKS_QEMU = Version(8, 6, 0)


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, source: Versions) -> Findings:
    for device in guest.devices.passed_through:
        if source.libvirt >= _ASKS_QEMU:
            raise Unreadable(f"whether QEMU can send the state of the source's own {device} depends on its driver")
        yield on_source(
            f"the guest has a device of the source's own: {device}",
            error=f"cannot migrate a domain with {device}",
        )
