"""Puts a test domain of libvirt's into a recorded pair of hosts that has what the domain names.

The domain becomes the recorded guest: its name, UUID, memory and, if it is an x86 machine, its emulator, architecture,
machine type and CPU model. Every path of its definition exists on both hosts as the same file or device of storage
that they share, and every server of its disks answers. Nothing else that the hosts said changes. What is then reported
follows from what the domain is made of.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile
from xml.etree.ElementTree import Element, SubElement, tostring

from preflight.answers import Answers, Record, SavedHost
from preflight.connection import snapshot
from preflight.facts.guest.guests import Guests
from preflight.facts.storage.block_drivers import MODULES
from preflight.facts.text.xml import parse_xml
from tests.lab.truth.record import read

#: The row whose hosts these are; its guest moves.
ROW = "guests/definition-many-devices"
#: Architectures of guests that become the recorded guest's.
X86 = ("x86_64", "i686")
_EMULATOR = "/usr/bin/qemu-system-x86_64"
#: Answers about a file and about a block device, as on NFS, so that no disk is reported for being local.
_FILE = "path {0}\nstat 81a4 1048576 44 245 0:0\nfs 6969 4096 3080439 3080439 0 0 3085511\n"
_DEVICE = "path {0}\nstat 61b0 0 44 245 8:10\nfs 6969 4096 3080439 3080439 0 0 3085511\n"
#: Paths that follow from the hosts' settings.
_SETTINGS = ("/dev/hugepages/libvirt/qemu", "/var/lib/libvirt/qemu/ram", "/etc/pki/libvirt-nbd")
_PATH = re.compile(r"""["'>,=](/[^"'<>,]{1,500})["'<,]""")


def pair(text: str) -> tuple[SavedHost, SavedHost]:
    """Return the hosts with the domain as the source's guest; raises `Unreadable` if it is not XML."""
    source, destination = _recorded()
    listed = json.loads(source.answers.records["libvirt.domains"].out)
    (guest,) = listed["domains"]
    own = _fitted(text, parse_xml(guest["xml"]))
    guest |= {"xml": own, "sent": own}
    domains = Record(json.dumps(listed))
    guests = Guests.parse(domains).all
    named = sorted({*_paths(own), *(path for one in guests for path in one.paths), *_SETTINGS} - _known())
    emulators = {one.emulator for one in guests}
    given = "".join(_there(path) for path in named if path not in emulators)
    servers = [server for one in guests for disk in one.disks for server in disk.servers]
    drivers = {MODULES[name] for one in guests for disk in one.disks for name in disk.protocols if name in MODULES}
    further = {
        "disk-servers": "".join(f"0 {name}\n" for name in {server.name for server in servers}),
        "disk-ports": "".join(f"port 0 {server.name} {port} \n" for server in servers for port in server.ports),
        "block-drivers": "".join(f"driver 0 {module} {_EMULATOR}\n" for module, _ in drivers),
        "accounts": "".join(f"0 {account}\n" for one in guests for account in one.devices.accounts),
        "block-devices": "".join(f"path {path}\ndevice 1048576 {'a' * 64} -\n" for path in named),
    }
    return _with(source, given, {**further, "libvirt.domains": domains.out}), _with(destination, given, further)


@cache
def _recorded() -> tuple[SavedHost, SavedHost]:
    found = read(ROW)
    if found is None:
        raise ValueError(f"the row {ROW} is not recorded")
    with NamedTemporaryFile(suffix=".json") as file:
        file.write(found[1].encode())
        file.flush()
        source, destination = snapshot.read(Path(file.name))
    return source, destination


@cache
def _known() -> frozenset[str]:
    """Return the paths that the recorded hosts were asked about."""
    texts = [host.answers.records["paths"].out for host in _recorded()]
    return frozenset(re.findall(r"(?m)^path (.*)$", "".join(texts)))


def _with(host: SavedHost, given: str, further: Mapping[str, str]) -> SavedHost:
    records = dict(host.answers.records)
    records["paths"] = Record(records["paths"].out + given)
    records |= {name: Record(text) for name, text in further.items()}
    absent = {name: why for name, why in host.answers.absent.items() if name not in further}
    return SavedHost(host.name, Answers(records, absent))


def _fitted(text: str, recorded: Element) -> str:
    """Return the domain's XML as that of the recorded guest."""
    root = parse_xml(text)
    for tag in ("name", "uuid", "memory", "currentMemory"):
        for old in root.findall(tag):
            root.remove(old)
        root.extend(recorded.findall(tag))
    kind, own = root.find("os/type"), recorded.find("os/type")
    if kind is not None and own is not None and is_x86(root):
        root.set("type", recorded.get("type", ""))
        kind.attrib.update(own.attrib)
        devices = root.find("devices")
        if devices is not None:
            for old in devices.findall("emulator"):
                devices.remove(old)
            SubElement(devices, "emulator").text = _EMULATOR
        _fit_cpu(root, recorded)
    return tostring(root, encoding="unicode")


def is_x86(root: Element) -> bool:
    """Report whether the domain is one that the recorded hosts could run, as to its machine."""
    kind = root.find("os/type")
    return root.get("type") in ("kvm", "qemu") and kind is not None and kind.get("arch", X86[0]) in X86


def _fit_cpu(root: Element, recorded: Element) -> None:
    """Give a CPU of a named model the recorded model and features; its topology and NUMA cells stay."""
    for cpu in root.findall("cpu"):
        if cpu.get("mode", "custom") == "custom":
            for part in (*cpu.findall("model"), *cpu.findall("feature"), *cpu.findall("vendor")):
                if part.get("name") != "invtsc":
                    cpu.remove(part)
            cpu.extend(recorded.findall("cpu/model") + recorded.findall("cpu/feature"))


def _paths(text: str) -> Iterator[str]:
    for path in _PATH.findall(text):
        yield path
        yield from map(str, PurePosixPath(path).parents)


def _there(path: str) -> str:
    return (_DEVICE if path.startswith("/dev/") else _FILE).format(path)
