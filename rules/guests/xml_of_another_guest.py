"""The XML given for the destination describes another guest, or another machine.

Why it matters
    With --xml, host-specific parts of the definition may change: paths, addresses, networks. The parts that the guest
    itself sees must not change: "Target domain uuid … does not match source …", and likewise for the name, memory,
    virtual CPUs, machine type and every device: "Target network card mac 52:54:00:00:00:99 does not match source
    52:54:00:00:00:01". Of the devices, this rule compares the numbers of each kind, the disks' targets, buses and
    serial numbers, the network cards' MAC addresses and models, and PCI addresses. It does not compare the devices that
    libvirt adds by itself, such as controllers and input devices, nor the CPU, the features and the clock.

How to fix
    Start from the output of virsh dumpxml --migratable for the running guest, and change only the host-specific parts.
    Give a new name with --dname.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, Unreadable, on_source, rule

#: Devices that libvirt never adds by itself, and their names in its errors (virDomainDefCheckABIStabilityFlags in
#: src/conf/domain_conf.c, 9.0 and 11.3).
_KINDS = {
    "disk": "disk",
    "filesystem": "filesystem",
    "interface": "net card",
    "sound": "sound card",
    "hostdev": "host device",
    "smartcard": "smartcard",
    "channel": "channel",
    "hub": "hub device",
    "redirdev": "redirected devices",
    "rng": "RNG device",
    "panic": "panic device",
    "shmem": "shared memory device",
    "tpm": "TPM device",
}
_PCI = ("domain", "bus", "slot", "function")


def _without_xml(migration: Migration) -> str | None:
    return None if migration.method.xml is not None else "no --xml was given"


@rule(Severity.ERROR, skip=_without_xml, errors=("Target ... does not match source ...",))
def check(source_guest: Guest, guest: Guest, migration: Migration) -> Findings:
    given = parse_xml(migration.method.xml or "")
    name, uuid = given.findtext("name", "").strip(), given.findtext("uuid", "").strip().lower()
    if not name:
        raise Unreadable("the XML names no guest")
    for what, theirs, own in (
        ("uuid", uuid or "missing", source_guest.uuid.lower()),
        ("name", f"'{name}'", f"'{source_guest.name}'"),
        ("max memory", guest.memory_kib, source_guest.memory_kib),
        ("vCPU max", guest.vcpus, source_guest.vcpus),
        ("machine type", guest.machine, source_guest.machine),
    ):
        if what == "machine type" and guest.machine.count("-") < source_guest.machine.count("-"):
            continue  # an alias, which the source's QEMU resolves
        if theirs != own:
            yield on_source(
                f"the {what} in the XML is {theirs}, but the guest's is {own}",
                error=f"Target domain {what} " + ("" if what == "uuid" else f"{theirs} does not match source {own}"),
            )
    for changed, error in _of_devices(given, parse_xml(source_guest.sent or source_guest.xml)):
        yield on_source(changed, error=error)


def _of_devices(given: Element, own: Element) -> Iterator[tuple[str, str]]:
    """Yield what differs between the devices, and libvirt's error."""
    for kind, name in _KINDS.items():
        theirs, mine = (root.findall(f"devices/{kind}") for root in (given, own))
        if len(theirs) != len(mine):
            yield (
                f"the XML has {len(theirs)} devices of the kind {kind}, but the guest has {len(mine)}",
                f"Target domain {name} count {len(theirs)} does not match source {len(mine)}",
            )
            continue
        if kind == "disk":  # libvirt sorts them
            theirs, mine = sorted(theirs, key=_target), sorted(mine, key=_target)
        for one, other in zip(theirs, mine, strict=True):
            yield from _of_device(kind, one, other)


def _of_device(kind: str, theirs: Element, mine: Element) -> Iterator[tuple[str, str]]:
    pairs = []
    if kind == "disk":
        pairs = [
            ("disk", _target(theirs), _target(mine)),
            ("disk bus", _value(theirs, "target", "bus"), _value(mine, "target", "bus")),
            ("disk serial", theirs.findtext("serial"), mine.findtext("serial")),
        ]
    elif kind == "interface":
        pairs = [
            (
                "network card mac",
                _value(theirs, "mac", "address").lower() or None,
                _value(mine, "mac", "address").lower(),
            ),
            ("network card model", _value(theirs, "model", "type"), _value(mine, "model", "type")),
        ]
    for what, one, other in pairs:
        if one != other:
            yield (
                f"the {what} in the XML is {one or 'missing'}, but the guest's is {other or 'missing'}",
                f"Target {what} " + (f"{one} does not match source {other}" if one and other else ""),
            )
    places = [device.find("address[@type='pci']") for device in (theirs, mine)]
    if all(place is not None for place in places):
        one, other = (_pci(place) for place in places if place is not None)
        if one != other:
            yield (
                f"the PCI address of a {kind} in the XML is {one}, but the guest's is {other}",
                f"Target device PCI address {one}",
            )


def _target(disk: Element) -> str:
    return _value(disk, "target", "dev")


def _value(device: Element, child: str, attribute: str) -> str:
    found = device.find(child)
    return "" if found is None else found.get(attribute, "")


def _pci(place: Element) -> str:
    """Return a PCI address as libvirt prints it."""
    try:
        numbers = [int(place.get(part, "0"), 0) for part in _PCI]
    except ValueError:
        return ""
    return "{:04x}:{:02x}:{:02x}.{:x}".format(*numbers)
