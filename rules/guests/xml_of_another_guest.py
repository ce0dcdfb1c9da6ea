"""The XML given for the destination describes another guest, or another machine.

Why it matters
    With --xml, host-specific parts of the definition may change: paths, addresses, networks. The parts that the guest
    itself sees must not change: "Target domain uuid … does not match source …", and likewise for the name, memory,
    virtual CPUs, machine type and every device: "Target network card mac 52:54:00:00:00:99 does not match source
    52:54:00:00:00:01". Of the devices, this rule compares the numbers of each kind, the disks' targets, buses and
    serial numbers, the network cards' MAC addresses and models, and the addresses of all; of the CPU its mode, its
    model, how it is checked and its features. virsh dumpxml without --migratable prints another CPU than a migration
    sends: "Target CPU check full does not match source none".

    Everything else is compared with the definition that libvirt would send, element by element. Host-specific parts may
    differ: sources of devices, displays, the host's end of network cards and serial ports, limits, labels, pinning,
    firmware paths. If another part differs, such as the CPU, a feature or a controller, the result is UNKNOWN: libvirt
    may refuse it, and if it does not, the guest's machine changes while it runs.

How to fix
    Start from the output of virsh dumpxml --migratable for the running guest, and change only the host-specific parts.
    Give a new name with --dname.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
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
#: Other addresses that libvirt compares, by their names in its errors (virDomainDeviceInfoCheckABIStability).
_ADDRESSES = {"drive": "drive", "virtio-serial": "virtio serial", "ccid": "ccid", "isa": "isa"}
#: Parts of a definition that are the host's or of no consequence to the guest, so that they may differ.
_MAY_DIFFER = (
    "@id",
    "title",
    "description",
    "metadata*",
    "currentMemory*",
    "vcpu/@cpuset",
    "vcpu/@placement",
    "seclabel*",
    "resource*",
    "perf*",
    "on_*",
    "cputune*",
    "numatune*",
    "blkiotune*",
    "memtune*",
    "os/loader",
    "os/loader/@template",
    "os/nvram*",
    "os/boot*",
    "devices/emulator",
    "devices/*/source*",
    "devices/*/alias*",
    "devices/*/log*",
    "devices/*/protocol*",
    "devices/graphics*",
    "devices/audio*",
    "devices/disk/@type",
    "devices/disk/backingStore*",
    "devices/disk/mirror*",
    "devices/disk/iotune*",
    "devices/disk/driver/@cache",
    "devices/disk/driver/@io",
    "devices/disk/driver/@discard",
    "devices/disk/driver/@error_policy",
    "devices/disk/driver/@rerror_policy",
    "devices/interface/@type",
    "devices/interface/target*",
    "devices/interface/virtualport*",
    "devices/interface/filterref*",
    "devices/interface/script*",
    "devices/interface/bandwidth*",
    "devices/interface/vlan*",
    "devices/interface/backend*",
    "devices/interface/link*",
    "devices/serial/@type",
    "devices/parallel/@type",
    "devices/console/@type",
    "devices/console/@tty",
    "devices/channel/@type",
    "devices/redirdev/@type",
    "devices/smartcard/@type",
    "devices/rng/backend*",
)
#: Parts that are compared by what they mean.
_COMPARED = (
    "name",
    "uuid",
    "memory",
    "memory/@unit",
    "vcpu",
    "cpu/@mode",
    "cpu/@check",
    "os/type/@machine",
    "devices/*/address*",
    "devices/disk/target/@dev",
    "devices/disk/target/@bus",
    "devices/disk/serial",
    "devices/interface/mac/@address",
    "devices/interface/model/@type",
)
_ROOTS = ("pci-root", "pcie-root")
#: Number of parts that a message names.
_NAMED = 3


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
    sent = parse_xml(source_guest.sent or source_guest.xml)
    for changed, error in _of_devices(given, sent):
        yield on_source(changed, error=error)
    if source_guest.running and source_guest.sent is None:
        return  # a snapshot from before that was asked for; the live XML differs everywhere
    for changed, error in _of_cpu(given.find("cpu"), sent.find("cpu")):
        yield on_source(changed, error=error)
    parts = [part for part in dict.fromkeys(_differing(given, sent, "")) if not _is_named(part)]
    if parts:
        more = f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
        raise Unreadable(
            f"the XML differs from the guest's in {', '.join(parts[:_NAMED])}{more}: libvirt may refuse that, or not"
        )


def _is_implied(device: Element) -> bool:
    """Report whether libvirt adds the device to an XML without it: the root of a bus, keyboard and mouse (x86)."""
    return (device.tag == "controller" and device.get("model") in _ROOTS) or (
        device.tag == "input" and device.get("bus") == "ps2"
    )


def _is_named(part: str) -> bool:
    """Report whether a part that differs may do so, or is compared by what it means."""
    device = part.removeprefix("devices/")
    return device in _KINDS or any(fnmatchcase(part, form) for form in (*_MAY_DIFFER, *_COMPARED))


def _differing(theirs: Element, mine: Element, path: str) -> Iterator[str]:
    """Yield the path of each element and attribute that differs; elements of the same name are compared in order."""
    if (theirs.text or "").strip() != (mine.text or "").strip():
        yield path.rstrip("/")
    for name in sorted({*theirs.attrib, *mine.attrib}):
        if theirs.get(name) != mine.get(name):
            yield f"{path}@{name}"
    for tag in sorted({child.tag for root in (theirs, mine) for child in root}):
        pairs = [[child for child in root.findall(tag) if not _is_implied(child)] for root in (theirs, mine)]
        if tag == "disk":
            pairs = [sorted(disks, key=_target) for disks in pairs]
        inner = f"{path}{tag.rpartition('}')[2]}"
        if len(pairs[0]) != len(pairs[1]):
            yield inner
            continue
        for one, other in zip(*pairs, strict=True):
            yield from _differing(one, other, f"{inner}/")


def _of_cpu(theirs: Element | None, mine: Element | None) -> Iterator[tuple[str, str]]:
    """Yield the first difference between the CPUs that libvirt refuses, and its error (virCPUDefIsEqual)."""
    if theirs is None or mine is None:
        return
    counted = [str(len(cpu.findall("feature"))) for cpu in (theirs, mine)]
    for what, one, other in (
        ("mode", theirs.get("mode"), mine.get("mode")),
        ("check", theirs.get("check"), mine.get("check")),
        ("model", theirs.findtext("model"), mine.findtext("model")),
        ("feature count", *counted),
    ):
        if one is not None and other is not None and one != other:
            yield (
                f"the {what} of the CPU in the XML is {one}, but the guest's is {other}",
                f"Target CPU {what} {one} does not match source {other}",
            )
            return


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
    for form, named in _ADDRESSES.items():
        places = [device.find(f"address[@type='{form}']") for device in (theirs, mine)]
        found = [dict(place.attrib) for place in places if place is not None]
        if len(found) == len(places) and found[0] != found[1]:
            yield (
                f"the {form} address of a {kind} in the XML differs from the guest's",
                f"Target device {named} address",
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
