"""The guest has a device whose state QEMU cannot send.

Why it matters
    QEMU refuses while such a device is there: "The vmdk format used by node 'libvirt-1-format' does not support live
    migration", "Migration is disabled when using feature 'peer mode' in device 'ivshmem'", or "non-migratable device:
    0000:00:03.0/vhost-user-fs". Said of what was seen to fail: disks in such a format, shared memory whose master is
    another, and virtiofs before QEMU 8.2. From QEMU's source, and not said here since it depends on the host or on what
    the guest does: devices that are passed through (PCI, mediated, SCSI), 9p while it is mounted, virgl, vDPA.

How to fix
    Convert the disk to qcow2 or raw (qemu-img convert), and detach the other device (virsh detach-device) as long as
    the move takes.
"""

from preflight.facts import Versions
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule, unless_live

#: Image formats that block a migration as long as they are open (migrate_add_blocker in QEMU's block/*.c).
_FORMATS = frozenset(("qcow", "vdi", "vmdk", "vpc"))
#: Since then libvirt asks QEMU what blocks a migration; 7.0 was seen to know by itself, 9.0 to ask.
_ASKS_QEMU = Version(8, 6, 0)
#: vhost-user-fs can be moved since then, if virtiofsd can.
_VIRTIOFS_MOVES = Version(8, 2, 0)


@rule(Severity.ERROR, skip=unless_live)
def check(source_guest: Guest, source: Versions) -> Findings:
    for disk in source_guest.disks:
        if disk.format in _FORMATS and not disk.empty:
            yield on_source(
                f"{disk.target} is in the format {disk.format}, of which a running guest cannot be moved",
                error=f"The {disk.format} format used by node",
            )
    for memory in source_guest.devices.shared_memory:
        if memory.role != "master":
            yield on_source(
                f"the guest is not the master of the shared memory {memory.name}",
                error="Migration is disabled when using feature 'peer mode' in device 'ivshmem'"
                if source.libvirt >= _ASKS_QEMU
                else f"shmem device '{memory.name}' cannot be migrated",
            )
    for tag in source_guest.devices.virtiofs:
        if source.qemu < _VIRTIOFS_MOVES:
            yield on_source(f"{tag} is shared by virtiofs, which this QEMU cannot move", error="vhost-user-fs")
