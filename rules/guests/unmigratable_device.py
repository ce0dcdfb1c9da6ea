"""The guest has a device whose state QEMU cannot send.

Why it matters
    QEMU refuses to migrate while the guest has such a device: "The vmdk format used by node 'libvirt-1-format' does not
    support live migration", "Migration is disabled when using feature 'peer mode' in device 'ivshmem'", or
    "non-migratable device: 0000:00:03.0/vhost-user-fs". This rule reports the devices that were seen to fail: disks in
    such a format, shared memory of which another guest is the master, and virtiofs before QEMU 8.2. According to QEMU's
    source, other devices block a migration too, but they are not reported here because the result depends on the host
    or on what the guest does: devices that are passed through (PCI, mediated, SCSI), 9p while it is mounted, virgl,
    vDPA.

How to fix
    Convert the disk to qcow2 or raw (qemu-img convert), and detach any other device for the duration of the migration
    (virsh detach-device).
"""

from preflight.facts import Versions
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule, unless_live

#: Image formats that block a migration while an image is open (migrate_add_blocker in QEMU's block/*.c).
_FORMATS = frozenset(("qcow", "vdi", "vmdk", "vpc"))
#: Since this release libvirt asks QEMU what blocks a migration; 7.0 was seen to decide by itself, 9.0 to ask.
_ASKS_QEMU = Version(8, 6, 0)
#: Since this release vhost-user-fs can be migrated, if virtiofsd supports that.
_VIRTIOFS_MOVES = Version(8, 2, 0)


@rule(Severity.ERROR, skip=unless_live)
def check(source_guest: Guest, source: Versions) -> Findings:
    for disk in source_guest.disks:
        if disk.format in _FORMATS and not disk.empty:
            yield on_source(
                f"{disk.target} is in the format {disk.format}, which blocks the migration of a running guest",
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
            yield on_source(
                f"{tag} is shared by virtiofs, which this host's QEMU cannot migrate", error="vhost-user-fs"
            )
