"""The guest has a device whose state QEMU cannot send.

Why it matters
    QEMU refuses to migrate while the guest has such a device: "The vmdk format used by node 'libvirt-1-format' does not
    support live migration", "Migration is disabled when using feature 'peer mode' in device 'ivshmem'",
    "non-migratable device: 0000:00:03.0/1/usb-serial", or "The vdagent chardev doesn't yet support migration". These
    were seen to fail: disks with an image or a backing file in such a format, shared memory of which another guest is
    the master, virtiofs before QEMU 8.2, USB serial ports, sound cards, network cards and MTP file systems, virtio
    sound and crypto devices, and the clipboard channel (qemu-vdagent). According to QEMU's source the same is true of
    3D acceleration (virgl), of input devices of the host over virtio, and of AMD SEV, and of Hyper-V enlightenments in
    the mode passthrough if the host offers any, which is a warning. The result of other devices
    depends on the host or on what the guest does, so this rule does not report them: devices that are passed through
    (PCI, mediated, SCSI), 9p while it is mounted, vDPA.

How to fix
    Convert the disk to qcow2 or raw (qemu-img convert), and detach any other device for the duration of the migration
    (virsh detach-device), or shut the guest down and remove it.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from preflight.facts import Versions
from preflight.facts.libvirt import Version
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule, unless_live

#: Image formats that block a migration while an image is open (migrate_add_blocker in QEMU's block/*.c).
_FORMATS = frozenset(("qcow", "vdi", "vmdk", "vpc"))
#: Since this release libvirt asks QEMU what blocks a migration; 7.0 was seen to decide by itself, 9.0 to ask.
_ASKS_QEMU = Version(8, 6, 0)
#: Since this release vhost-user-fs can be migrated, if virtiofsd supports that.
_VIRTIOFS_MOVES = Version(8, 2, 0)

#: Devices that QEMU marks as unmigratable (.unmigratable in hw/) or for which it adds a blocker (migrate_add_blocker)
#: when it starts, in 7.2 and 10.0: element of the definition, attributes of it or of a child that must all match, name
#: in messages, and QEMU's error.
_DEVICES: tuple[tuple[str, tuple[tuple[str, str, str], ...], str, str], ...] = (
    ("serial", (("target", "type", "usb-serial"),), "a USB serial port", "usb-serial"),
    ("sound", ((".", "model", "usb"),), "a USB sound card", "usb-audio"),
    ("sound", ((".", "model", "virtio"),), "a virtio sound card", "virtio-sound"),
    ("crypto", ((".", "model", "virtio"),), "a virtio crypto device", "virtio-crypto"),
    ("filesystem", (("driver", "type", "mtp"),), "an MTP file system", "usb-mtp"),
    ("interface", (("model", "type", "usb-net"),), "a USB network card", "usb-net"),
    (
        "input",
        ((".", "type", "passthrough"), (".", "bus", "virtio")),
        "an input device of the host",
        "virtio-input-host",
    ),
    (
        "channel",
        ((".", "type", "qemu-vdagent"),),
        "a clipboard channel (qemu-vdagent)",
        "The vdagent chardev doesn't yet support migration",
    ),
    ("video", (("model/acceleration", "accel3d", "yes"),), "3D acceleration", "virgl is not yet migratable"),
)


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        *(f"non-migratable device: .../{name}" for *_, name in _DEVICES if " " not in name),
        "State blocked by non-migratable device '...'",
        _DEVICES[-2][-1],
    ),
)
def check(source_guest: Guest, source: Versions) -> Findings:
    root = parse_xml(source_guest.xml)
    yield from _images(source_guest, root)
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
    for element, attributes, name, error in _DEVICES:
        if any(_matches(device, attributes) for device in root.iterfind(f"devices/{element}")):
            yield on_source(f"the guest has {name}, which QEMU cannot migrate", error=error)
    if root.find("features/hyperv[@mode='passthrough']") is not None:
        # QEMU adds the blocker only if the host's KVM offers enlightenments; a guest moved where it does not
        yield on_source(
            "the guest has every Hyper-V enlightenment that this host offers, which blocks the migration",
            error="'hv-passthrough' CPU flag prevents migration",
            severity=Severity.WARNING,
        )
    if root.find("launchSecurity[@type='sev']") is not None:
        yield on_source("the guest's memory is encrypted by AMD SEV", error="SEV: Migration is not implemented")


def _images(guest: Guest, root: Element) -> Findings:
    for disk in guest.disks:
        if disk.format in _FORMATS and not disk.empty:
            yield on_source(
                f"{disk.target} is in the format {disk.format}, which blocks the migration of a running guest",
                error=f"The {disk.format} format used by node",
            )
    for target, form in dict.fromkeys(_below(root)):
        if form in _FORMATS:
            yield on_source(
                f"a backing file of {target} is in the format {form}, which blocks the migration of a running guest",
                error=f"The {form} format used by node",
            )


def _below(root: Element) -> Iterator[tuple[str, str]]:
    """Yield the target of each disk with the format of each image below the disk's own."""
    for disk in root.iterfind("devices/disk"):
        target = disk.find("target")
        for layer in disk.iterfind(".//backingStore/format"):
            yield "" if target is None else target.get("dev", ""), layer.get("type", "")


def _matches(device: Element, attributes: tuple[tuple[str, str, str], ...]) -> bool:
    found = ((device.find(where), name, value) for where, name, value in attributes)
    return all(element is not None and element.get(name) == value for element, name, value in found)
