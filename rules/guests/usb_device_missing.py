"""A USB device that is passed through to the guest does not exist on the destination.

Why it matters
    libvirt migrates a guest with a USB device of the host, and looks for a device with the same vendor and product, or
    with the same number on the same bus, on the destination: "Did not find USB device 0627:0001". Two devices of that
    kind are an error too, unless the definition says which one: "Multiple USB devices for 627:1, use <address> to
    specify one". The guest sees the device being unplugged and another one plugged in. A device whose startupPolicy is
    optional or requisite is omitted instead.

How to fix
    Plug such a device into the destination, or detach it for the duration of the migration (virsh detach-device).
"""

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from preflight.facts import UsbDevices
from preflight.facts.system import UsbDevice
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Finding, Findings, Severity, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: UsbDevices) -> Findings:
    # only the XML that a migration sends says whether libvirt chose the address itself (autoAddress)
    for source in parse_xml(guest.sent or guest.xml).iterfind("devices/hostdev[@type='usb']/source"):
        if source.get("startupPolicy") not in ("optional", "requisite"):
            yield from _missing(source, destination.all)


def _missing(source: Element, devices: Iterable[UsbDevice]) -> Iterable[Finding]:
    """Yield the finding about a device that libvirt does not find (virHostdevFindUSBDevice)."""
    kind = _numbers(source, ("vendor", "id"), ("product", "id"))
    place = _numbers(source, ("address", "bus"), ("address", "device"))
    alike = [one for one in devices if kind is None or (one.vendor, one.product) == kind]
    exact = [one for one in alike if (one.bus, one.number) == place]
    name = " ".join(
        (*([f"{kind[0]:04x}:{kind[1]:04x}"] if kind else []), *([f"bus:{place[0]} device:{place[1]}"] if place else []))
    )
    if kind is not None and (place is None or source.get("autoAddress") == "yes"):
        if len(alike) > 1 and not exact:
            yield on_destination(
                f"this host has {len(alike)} USB devices {kind[0]:04x}:{kind[1]:04x}, and libvirt does not choose",
                error=f"Multiple USB devices for {kind[0]:x}:{kind[1]:x}",
            )
        found = bool(alike)
        name = name.partition(" ")[0]
    else:
        found = bool(exact)
    if name and not found:
        yield on_destination(f"this host has no USB device {name}", error=f"Did not find USB device {name}")


def _numbers(source: Element, *fields: tuple[str, str]) -> tuple[int, int] | None:
    """Return two numbers of the source; None if it does not give both."""
    found = []
    for tag, attribute in fields:
        element = source.find(tag)
        try:
            found.append(int((element.get(attribute) if element is not None else None) or "", 0))
        except ValueError:
            return None
    return found[0], found[1]
