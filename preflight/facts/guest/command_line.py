"""Paths and devices in `<qemu:commandline>`, which libvirt passes on to QEMU without looking at them.

Only what redaction keeps is known: paths, addresses and ports under their names. Arguments in JSON are not read.
"""

from collections.abc import Iterator, Mapping
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
_CHARACTER_DEVICES = ("-serial", "-parallel", "-monitor", "-qmp")
#: Devices (`-device NAME`) whose state QEMU cannot send: the rule unmigratable-device.
UNMIGRATABLE = frozenset(("amd-iommu", "nvme", "usb-audio", "usb-mtp", "usb-net", "usb-serial")).union(
    ("virtio-crypto-pci", "virtio-input-host-pci", "virtio-sound-pci")
)
#: Every option with an argument that is read here.
READ = WITH_PATH.union(_FILES, _CHARACTER_DEVICES, ("-chardev", "-object"))
#: Kinds of character device whose path QEMU creates.
_WRITTEN = frozenset(("file",))


class OwnPath(Struct, frozen=True):
    """Path in an argument of QEMU."""

    option: str
    path: str
    #: True if QEMU creates it, so that only the directory must exist.
    made: bool


def own_paths(root: Element) -> Iterator[OwnPath]:
    """Yield the paths that QEMU opens because of the guest's own arguments."""
    for option, value in _options(root):
        yield from _of(option, value)


def own_devices(root: Element) -> Iterator[str]:
    """Yield the names of the devices that the guest's own arguments add, of those in `UNMIGRATABLE`."""
    for option, value in _options(root):
        name = value.partition(",")[0]
        if option == "-device" and name in UNMIGRATABLE:
            yield name


def _options(root: Element) -> Iterator[tuple[str, str]]:
    """Yield each option that has an argument, and the argument."""
    option = ""
    for argument in root.iterfind(f"{_NAMESPACE}commandline/{_NAMESPACE}arg"):
        value = argument.get("value", "")
        if value.startswith("-"):
            option = value.replace("--", "-", 1)
            continue
        if option:
            yield option, value
        option = ""


def _of(option: str, value: str) -> Iterator[OwnPath]:
    words = value.split(",")
    named = dict(word.split("=", 1) for word in words if "=" in word)
    serves = any(word in words for word in ("server", "server=on", "server=yes"))
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
    for name in _FILES.get(option, ()):
        if named.get(name, "").startswith("/"):
            yield OwnPath(option, named[name], made=False)
    if option == "-device" and words[0] == "vfio-pci" and "host" in named:
        address = named["host"]
        full = address if address.count(":") == 2 else f"0000:{address}"
        yield OwnPath(option, f"/sys/bus/pci/devices/{full}", made=False)
