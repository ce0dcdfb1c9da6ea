"""A device of the source is passed through to the guest.

Why it matters
    Such a device cannot move. libvirt before 8.6 refuses all of them except USB: "cannot migrate a domain with <hostdev
    mode='subsystem' type='pci'>", or "<interface type='hostdev'>". Later releases leave the decision to QEMU, which can
    send the state of a few devices if their kernel driver supports that (VFIO migration). QEMU reports this only when
    it is asked to migrate the guest, so this rule reports UNKNOWN. A network card that is teamed with a migratable one
    (<teaming type='transient'>) is unplugged during the migration.

How to fix
    Detach the device for the duration of the migration (virsh detach-device), or team the network card with a virtio
    one.
"""

from preflight.facts import Versions
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_source, rule, unless_live

#: Since this release libvirt asks QEMU (qemuMigrationSrcIsAllowed, src/qemu/qemu_migration.c).
_ASKS_QEMU = Version(8, 6, 0)


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, source: Versions) -> Findings:
    for device in guest.devices.passed_through:
        if source.libvirt >= _ASKS_QEMU:
            raise Unreadable(
                f"QEMU can send the state of the source's {device} only if the device's driver supports that"
            )
        yield on_source(
            f"a device of the source is passed through to the guest: {device}",
            error=f"cannot migrate a domain with {device}",
        )
