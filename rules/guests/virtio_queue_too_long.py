"""A virtio device of the guest has a longer queue than the destination's QEMU accepts.

Why it matters
    QEMU 10.0.13 gives each queue of a virtio device 1,024 entries, and the guest's driver uses them all. In other
    releases a device has queues of its own length: 256 entries for a disk, 128 for a balloon, 8 for a random number
    generator. QEMU 11.1 refuses a longer queue at the end of the transfer: "Failed to load element of type virtio for
    virtio", and "VQ 0 vring.num 1024 exceeds allocated max 256" in the guest's log. The guest continues to run on the
    source. The release that the guest was started with decides, not the installed one: a guest that was started before
    an upgrade to 10.0.13 can be migrated. A guest that was migrated to this host, or restored from a saved state, keeps
    its queues until it restarts, so with QEMU 10.0.13 the result for such a guest is unknown. Only devices on PCI are
    checked. The change came with the correction of CVE-2026-50626; other releases before 11.1 may have it too, but they
    are not reported.

How to fix
    Shut the guest down, migrate it while it is off (--offline), and start it on the destination.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from preflight.facts import LIMITS_QUEUES, Start, StartedWith, Versions
from preflight.facts.libvirt import Version
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_source, rule, unless_live

#: The releases that make all queues as long as possible, from the first one up to one that does not (virtio_add_queue
#: in hw/virtio/virtio.c: 10.0.13 does, 10.2.2 and Debian's 7.2.22 do not).
_LONG, _NOT_LONG = Version(10, 0, 13), Version(10, 1)
#: The release of a machine type, as in pc-q35-10.0: no older QEMU has it.
_OF_RELEASE = re.compile(r"-([0-9]{1,3})\.([0-9]{1,3})")
#: The maximum length (VIRTQUEUE_MAX_SIZE). A disk that is given it in the XML has it in all releases.
_MOST = "1024"


@rule(Severity.ERROR, skip=unless_live)
def check(source_guest: Guest, source: StartedWith, source_versions: Versions, destination: Versions) -> Findings:
    if destination.qemu < LIMITS_QUEUES or not source_guest.running or _is_of_a_later_release(source_guest):
        return
    devices = list(dict.fromkeys(_shorter(parse_xml(source_guest.xml))))
    start = _start(source_guest, source, source_versions) if devices else None
    if start is None or not _LONG <= start.qemu < _NOT_LONG:
        return
    if start.incoming:
        raise Unreadable(
            f"the guest was migrated to QEMU {start.qemu}, or restored; if it has restarted on that release, its virtio"
            f" queues are longer than the destination's QEMU {destination.qemu} accepts"
        )
    yield on_source(
        f"the guest was started with QEMU {start.qemu}, which made the queues of its virtio devices"
        f" ({', '.join(devices)}) longer than the destination's QEMU {destination.qemu} accepts",
        error="Failed to load element of type virtio for virtio",
    )


def _start(guest: Guest, source: StartedWith, installed: Versions) -> Start | None:
    """Return the guest's last start; None if it is unknown and the installed release says that it does not matter.

    After a downgrade, a guest that was started before may still run with the later release.
    """
    if installed.qemu < _LONG and guest.name not in source.starts:
        return None
    return source.of(guest.name)


def _is_of_a_later_release(guest: Guest) -> bool:
    """Report whether none of these releases can have started the guest, by its machine type."""
    made = _OF_RELEASE.search(guest.machine)
    return made is not None and Version(int(made[1]), int(made[2])) >= _NOT_LONG


def _shorter(root: Element) -> Iterator[str]:
    """Yield the virtio devices on PCI that have at least one queue of less than the maximum."""
    for device in root.iterfind("devices/*"):
        address, driver = device.find("address"), device.find("driver")
        if address is None or address.get("type") != "pci" or not _is_virtio(device):
            continue
        if device.tag != "disk" or driver is None or driver.get("queue_size") != _MOST:
            yield device.tag


def _is_virtio(device: Element) -> bool:
    named = (device, device.find("target"), device.find("model"))
    values = (value for one in named if one is not None for value in map(one.get, ("model", "bus", "type")))
    return device.tag == "filesystem" or any(value is not None and value.startswith("virtio") for value in values)
