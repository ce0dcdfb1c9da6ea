"""The part of a guest's definition that another host's libvirt can be asked to build without any trace on that host.

Building a command line is not free of effects. Read in libvirt 9.0 and 11.3, and seen on hosts with both:

- for each interface, whatever its type, libvirt creates a TAP device, and runs the interface's script as root
  (qemuInterfaceEthernetConnect in src/qemu/qemu_interface.c);
- it runs the virtiofsd that the definition names (qemuVirtioFSPrepareDomain, 11.3) and each vhost-user GPU it finds
  (qemuVhostUserFillDomainGPU) with --print-capabilities;
- it opens the devices of passed-through TPMs and of vhost-scsi (src/qemu/qemu_command.c).

These devices are left out. So are the parts that preflight's redaction has blanked, and which libvirt would find
malformed: SMBIOS strings, and free text.

A disk that is a volume of a storage pool is built as an image of a file. libvirt would look the volume up and stop at
the first that is not there, but a copy creates it on arrival; the rules about pools and disks know which it is.
"""

from copy import deepcopy
from xml.etree.ElementTree import Element, tostring

from preflight.facts.text.xml import parse_xml


def buildable(definition: str) -> str:
    """Return the definition without these parts; raises `Unreadable` if it is not XML."""
    root = deepcopy(parse_xml(definition))
    for element in ("metadata", "description", "title", "sysinfo"):
        _remove(root, root.findall(element))
    for system in root.iterfind("os"):
        _remove(system, system.findall("smbios[@mode='sysinfo']"))
    for devices in root.iterfind("devices"):
        _remove(devices, [device for device in devices if _acts(device)])
        for disk in devices.iterfind("disk[@type='volume']"):
            _as_image(disk)
    return tostring(root, encoding="unicode")


def _remove(parent: Element, children: list[Element]) -> None:
    for child in children:
        parent.remove(child)


def _as_image(disk: Element) -> None:
    """Have libvirt take a volume for an image that it does not look for; a LUN is only valid on a block device."""
    kind, attribute = ("block", "dev") if disk.get("device") == "lun" else ("file", "file")
    disk.set("type", kind)
    for source in disk.iterfind("source"):
        for name in ("pool", "volume", "mode"):
            source.attrib.pop(name, None)
        source.set(attribute, "/volume")


def _acts(device: Element) -> bool:
    """Report whether libvirt would change the host, open its devices or run a program for this device."""
    driver, backend = device.find("driver"), device.find("backend")
    if device.tag == "filesystem":
        return driver is not None and driver.get("type") == "virtiofs"
    if device.tag == "video":
        return driver is not None and driver.get("name") == "vhostuser"
    if device.tag == "tpm":
        return backend is None or backend.get("type") == "passthrough"
    return device.tag in ("interface", "hostdev")
