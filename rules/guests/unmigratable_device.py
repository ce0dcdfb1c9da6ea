"""The guest has a device whose state QEMU cannot send.

Why it matters
    QEMU refuses to migrate while the guest has such a device: "The vmdk format used by node 'libvirt-1-format' does not
    support live migration", "Migration is disabled when using feature 'peer mode' in device 'ivshmem'", "non-migratable
    device: 0000:00:03.0/1/usb-serial", or "The vdagent chardev doesn't yet support migration". These were seen to fail:
    disks with an image or a backing file in such a format, shared memory of which another guest is the master, virtiofs
    before QEMU 8.2, USB serial ports, sound cards, network cards and MTP file systems, virtio sound and crypto devices,
    and, up to QEMU 10.0, the clipboard channel (qemu-vdagent). According to QEMU's source the same is true of 3D
    acceleration (virgl), of input devices of the host over virtio, of an AMD IOMMU, up to QEMU 10.0 of NVMe disks, of
    encrypted memory (AMD SEV and SEV-SNP, s390 protected virtualization, Intel TDX), and of Hyper-V enlightenments in
    the mode passthrough if the host offers any, which is a warning. The devices that are called so in the guest's own
    arguments to QEMU (`-device nvme,...` in `<qemu:commandline>`) are recognized too; those in JSON are not.

    QEMU does not refuse a virtio-pmem module or a video card with a vhost-user back end, but it sends nothing of their
    state: the migration ends without an error, and the guest's driver waits forever for a device that was reset.

    The result of other devices depends on the host or on what the guest does, so this rule does not report them:
    devices that are passed through (PCI, mediated, SCSI), 9p while it is mounted, vDPA. Which QEMU the guest was
    started with is not considered, only the installed release.

How to fix
    Convert the disk to qcow2 or raw (qemu-img convert), and detach any other device for the duration of the migration
    (virsh detach-device), or shut the guest down and remove it.
"""

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

from preflight.facts import Versions
from preflight.facts.guest import own_devices
from preflight.facts.libvirt import Version
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_source, rule, unless_live

#: Image formats that block a migration while an image is open (migrate_add_blocker in QEMU's block/*.c).
_FORMATS = frozenset(("qcow", "vdi", "vmdk", "vpc"))
#: Since this release libvirt asks QEMU what blocks a migration; 7.0 was seen to decide by itself, 9.0 to ask.
_ASKS_QEMU = Version(8, 6, 0)
#: Since this release vhost-user-fs can be migrated, if virtiofsd supports that.
_VIRTIOFS_MOVES = Version(8, 2, 0)


class _Device(NamedTuple):
    """Device that QEMU marks as unmigratable, or for which it adds a blocker when it starts."""

    #: Element of `<devices>`.
    element: str
    #: Attributes of it or of a child that must all match: path of the child, name, value.
    attributes: tuple[tuple[str, str, str], ...]
    #: Name in messages.
    name: str
    #: QEMU's error; None if it only leaves out the device's state.
    error: str | None
    #: The first release of QEMU that was seen to send the device's state; None if none is known. 10.0 sends none.
    moves_since: Version | None = None


#: A release that is newer than all those that are known to refuse.
_LATER = Version(10, 1)
#: By .unmigratable in hw/ and migrate_add_blocker in QEMU 5.2, 7.2 and 10.0, and by trying each device on 7.2, 10.0.13
#: and 11.1.3 (`migrate exec:`). The last ones have no VMStateDescription in any of them (-dump-vmstate).
_DEVICES = tuple(
    _Device(*one)
    for one in (
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
        ("iommu", ((".", "model", "amd"),), "an AMD IOMMU", "amd-iommu"),
        ("disk", (("target", "bus", "nvme"),), "an NVMe disk", "nvme", Version(11, 1)),
        (
            "channel",
            ((".", "type", "qemu-vdagent"),),
            "a clipboard channel (qemu-vdagent)",
            "The vdagent chardev doesn't yet support migration",
            Version(11, 1),
        ),
        ("video", (("model/acceleration", "accel3d", "yes"),), "3D acceleration", "virgl is not yet migratable"),
        ("memory", ((".", "model", "virtio-pmem"),), "a virtio-pmem module", None),
        ("video", (("driver", "name", "vhostuser"),), "a video card with a vhost-user back end", None),
    )
)
#: QEMU's error by the type of `<launchSecurity>` (target/i386/sev.c, hw/s390x/s390-virtio-ccw.c, 10.0).
_ENCRYPTED = {
    "sev": "SEV: Migration is not implemented",
    "sev-snp": "SEV-SNP: Migration is not implemented",
    "s390-pv": "protected VMs are currently not migratable",
    "tdx": None,
}


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        *(f"non-migratable device: .../{one.error}" for one in _DEVICES if one.error and " " not in one.error),
        "State blocked by non-migratable device '...'",
        "The vdagent chardev doesn't yet support migration",
        "virgl is not yet migratable",
        "Migration is disabled when VirtFS export path '...' is mounted in the guest",
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
    unknown = ""
    arguments = tuple(own_devices(root))
    for one in _DEVICES:
        defined = any(_matches(device, one.attributes) for device in root.iterfind(f"devices/{one.element}"))
        if not defined and not any(one.error and name.startswith(one.error) for name in arguments):
            continue
        if one.moves_since is None or source.qemu < _LATER:
            lost = "whose state QEMU does not send: it would stop working"
            yield on_source(
                f"the guest has {one.name}, {lost if one.error is None else 'which QEMU cannot migrate'}",
                error=one.error,
            )
        elif source.qemu < one.moves_since:
            unknown = f"it is unknown whether QEMU {source.qemu} can migrate {one.name}"
    if root.find("features/hyperv[@mode='passthrough']") is not None:
        # QEMU adds the blocker only if the host's KVM offers enlightenments; a guest moved where it does not
        yield on_source(
            "the guest has every Hyper-V enlightenment that this host offers, which blocks the migration",
            error="'hv-passthrough' CPU flag prevents migration",
            severity=Severity.WARNING,
        )
    for security in root.iterfind("launchSecurity"):
        kind = security.get("type", "")
        if kind in _ENCRYPTED:
            yield on_source(f"the guest's memory is encrypted ({kind})", error=_ENCRYPTED[kind])
    if unknown:
        raise Unreadable(unknown)


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
