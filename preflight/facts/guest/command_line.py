"""Paths, ports and devices in `<qemu:commandline>`, which libvirt passes on to QEMU without looking at them.

Only what redaction keeps is known: paths, addresses and ports under their names. Arguments in JSON are not read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final
from xml.etree.ElementTree import Element

from msgspec import Struct

_NAMESPACE = "{http://libvirt.org/schemas/domain/qemu/1.0}"
#: Options whose value is a path that must exist, and those whose file QEMU creates.
_NEEDED = frozenset(
    ("-bios", "-kernel", "-initrd", "-dtb", "-cdrom", "-hda", "-hdb", "-hdc", "-hdd", "-fda", "-fdb", "-pflash")
).union(("-mtdblock", "-sd", "-option-rom", "-serial", "-parallel", "-readconfig"))
_MADE = frozenset(("-pidfile", "-D"))
WITH_PATH = _NEEDED | _MADE
#: Properties of other options that name a file which must exist, by the option.
_FILES: Mapping[str, tuple[str, ...]] = {
    "-drive": ("file",),
    "-fw_cfg": ("file",),
    "-acpitable": ("file",),
    "-smbios": ("file", "path"),
    "-trace": ("events",),
    "-object": ("filename", "file"),
    "-device": ("romfile", "sysfsdev", "file"),
    "-netdev": ("script",),
    "-fsdev": ("path",),
    "-virtfs": ("path",),
}
#: Options that take a character device, as "unix:/run/a.sock".
_CHARACTER_DEVICES = ("-serial", "-parallel", "-monitor", "-qmp", "-qmp-pretty", "-gdb")
#: Options that may give the guest's own network ports of the host.
_NETWORKS = ("-netdev", "-nic")
#: Devices (`-device NAME`) whose state QEMU cannot send: the rule unmigratable-device.
UNMIGRATABLE = frozenset(("amd-iommu", "nvme", "usb-audio", "usb-mtp", "usb-net", "usb-serial")).union(
    ("virtio-crypto-pci", "virtio-input-host-pci", "virtio-sound-pci")
)
#: Every option with an argument that is read here.
READ = WITH_PATH.union(_FILES, _CHARACTER_DEVICES, _NETWORKS, ("-chardev", "-object"))
#: Kinds of character device whose path QEMU creates.
_WRITTEN = frozenset(("file",))
#: A TCP port, and one as a character device: "tcp:HOST:PORT", where an address of IPv6 is in brackets.
_PORT = re.compile(r"[0-9]{1,5}")
_TCP = re.compile(r"(?:tcp|telnet):(\[[^]]*\]|[^:]*):([0-9]{1,5})")
#: A port that is forwarded to the guest: "[tcp]:HOST:PORT-...".
_FORWARDED = re.compile(r"(?:tcp)?:([^:]*):([0-9]{1,5})-.*")
#: Options whose argument may be any text.
_TEXTS = READ | {"-append"}
#: `-s` is short for "-gdb tcp::1234" (qemu-options.hx of QEMU 10.0).
_GDB: Final = ("-s", 1234)


class OwnPath(Struct, frozen=True):
    """Path in an argument of QEMU."""

    option: str
    path: str
    #: True if QEMU creates it, so that only the directory must exist.
    made: bool


class OwnPort(Struct, frozen=True):
    """TCP port of the host in an argument of QEMU, on which QEMU listens."""

    option: str
    #: An address or a name; empty for all addresses.
    address: str
    port: int


def own_paths(root: Element) -> Iterator[OwnPath]:
    """Yield the paths that QEMU opens because of the guest's own arguments."""
    for option, value in _options(root):
        yield from _of(option, value)


def own_ports(root: Element) -> Iterator[OwnPort]:
    """Yield the TCP ports on which QEMU listens because of the guest's own arguments."""
    arguments = _arguments(root)
    if any(one == _GDB[0] and before not in _TEXTS for before, one in pairwise(("", *arguments))):
        yield OwnPort(_GDB[0], "", _GDB[1])
    for option, value in _options(root):
        yield from _ports_of(option, value)


def own_devices(root: Element) -> Iterator[str]:
    """Yield the names of the devices that the guest's own arguments add, of those in `UNMIGRATABLE`."""
    for option, value in _options(root):
        name = value.partition(",")[0]
        if option == "-device" and name in UNMIGRATABLE:
            yield name


def _options(root: Element) -> Iterator[tuple[str, str]]:
    """Yield each option that has an argument, and the argument."""
    option = ""
    for value in _arguments(root):
        if value.startswith("-"):
            option = value.replace("--", "-", 1)
            continue
        if option:
            yield option, value
        option = ""


def _arguments(root: Element) -> list[str]:
    return [one.get("value", "") for one in root.iterfind(f"{_NAMESPACE}commandline/{_NAMESPACE}arg")]


def _serves(words: Sequence[str]) -> bool:
    """Report whether QEMU listens at the socket of a character device."""
    return any(word in words for word in ("server", "server=on", "server=yes"))


def _ports_of(option: str, value: str) -> Iterator[OwnPort]:
    kind, *words = value.split(",")
    if option in _CHARACTER_DEVICES:
        # to a debugger, QEMU always listens
        if (found := _TCP.fullmatch(kind)) and (option == "-gdb" or _serves(words)):
            yield OwnPort(option, found[1].strip("[]"), int(found[2]))
    elif option == "-chardev" and kind == "socket" and _serves(words):
        named = dict(word.split("=", 1) for word in words if "=" in word)
        if "host" in named and _PORT.fullmatch(named.get("port", "")):  # QEMU wants both; redaction keeps no name
            yield OwnPort(option, named["host"], int(named["port"]))
    elif option in _NETWORKS:
        for word in words:
            if found := _FORWARDED.fullmatch(word.removeprefix("hostfwd=")):
                # libslirp forwards IPv4 alone under this name
                yield OwnPort(option, found[1] or "0.0.0.0", int(found[2]))  # noqa: S104 - not listened on


def _of(option: str, value: str) -> Iterator[OwnPath]:
    words = value.split(",")
    named = dict(word.split("=", 1) for word in words if "=" in word)
    serves = option == "-gdb" or _serves(words)
    if value.startswith("/"):
        if option in WITH_PATH:
            yield OwnPath(option, value, option in _MADE)
    elif option == "-chardev" and named.get("path", "").startswith("/"):
        yield OwnPath(option, named["path"], words[0] in _WRITTEN or (words[0] == "socket" and serves))
    elif option in _CHARACTER_DEVICES:
        kind, _, path = words[0].partition(":")
        if kind in ("unix", "file", "pipe") and path.startswith("/"):
            yield OwnPath(option, path, kind == "file" or (kind == "unix" and serves))
    elif option == "-object" and words[0] == "memory-backend-file" and named.get("mem-path", "").startswith("/"):
        yield OwnPath(option, named["mem-path"], made=True)
    if option == "-acpitable":  # several files, one after another
        for path in filter(None, named.get("data", "").split(":")):
            if path.startswith("/"):
                yield OwnPath(option, path, made=False)
    for name in _FILES.get(option, ()):
        if named.get(name, "").startswith("/"):
            yield OwnPath(option, named[name], made=False)
    if option == "-device" and words[0] == "vfio-pci" and "host" in named:
        address = named["host"]
        full = address if address.count(":") == 2 else f"0000:{address}"
        yield OwnPath(option, f"/sys/bus/pci/devices/{full}", made=False)
