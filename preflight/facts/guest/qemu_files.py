"""Files that QEMU has in its own directories for guests, and those that a guest needs."""

import re
from collections.abc import Iterator, Mapping
from typing import Self
from xml.etree.ElementTree import Element

from msgspec import Struct

from preflight.facts.fact import Fact, Record
from preflight.facts.guest.guests import Guest

_SIZE = re.compile(r"[0-9]{1,12}")
#: Programs that look for their files in these directories.
_KNOWN = re.compile(r"/usr/bin/(?:qemu-system-(?:x86_64|i386)|qemu-kvm|kvm)|/usr/libexec/qemu-kvm")
#: The option ROM of each model of a network card (`romfile` in hw/net and hw/virtio of QEMU 7.2 to 10.0).
_CARDS = {
    "virtio": "efi-virtio.rom",
    "virtio-transitional": "efi-virtio.rom",
    "virtio-non-transitional": "efi-virtio.rom",
    "e1000": "efi-e1000.rom",
    "e1000e": "efi-e1000e.rom",
    "rtl8139": "efi-rtl8139.rom",
    "pcnet": "efi-pcnet.rom",
    "ne2k_pci": "efi-ne2k_pci.rom",
    "vmxnet3": "efi-vmxnet3.rom",
}
#: The option ROM of each model of the first display adapter (hw/display).
_ADAPTERS = {
    "vga": "vgabios-stdvga.bin",
    "cirrus": "vgabios-cirrus.bin",
    "qxl": "vgabios-qxl.bin",
    "virtio": "vgabios-virtio.bin",
    "vmvga": "vgabios-vmware.bin",
    "bochs": "vgabios-bochs-display.bin",
}
_BIOS = "bios-256k.bin"
#: Machine types of the PC since QEMU 2.6, whose names end in the release; older ones have other ROMs.
_MACHINE = re.compile(r"pc-(?:i440fx|q35)-(?:rhel)?([0-9]{1,3})\.([0-9]{1,3})(?:\.[0-9]{1,3})?")
_SINCE = (2, 6)


class QemuFile(Struct, frozen=True):
    """File of QEMU's own that a guest needs."""

    name: str
    #: As "the BIOS" or "the network card virtio".
    what: str
    #: The block of the guest's memory that is filled from it, as QEMU calls it; None if there is none.
    block: str | None


class QemuFiles(Fact, frozen=True, kw_only=True):
    """What QEMU has for guests in the directories where distributions put it."""

    #: Sizes in bytes by name, as "efi-virtio.rom" or "keymaps/de", each in the order of the directories.
    sizes: Mapping[str, tuple[int, ...]]

    @classmethod
    def parse(cls, qemu_files: Record) -> Self:
        """Parse the answer to `qemu_files`."""
        found: dict[str, tuple[int, ...]] = {}
        for line in qemu_files.required().splitlines():
            size, _, path = line.partition(" ")
            directory, _, name = path.rpartition("/")
            if _SIZE.fullmatch(size) and directory.startswith("/") and name:
                name = f"keymaps/{name}" if directory.endswith("/keymaps") else name
                found[name] = (*found.get(name, ()), int(size))
        return cls(sizes=found)

    def lacks(self, name: str, source: Self) -> bool:
        """Report whether QEMU here has files, but not this one, which it has on the source."""
        return bool(self.sizes) and name not in self.sizes and name in source.sizes


def needed_files(guest: Guest, root: Element) -> Iterator[QemuFile]:
    """Yield the files of QEMU's own that a PC needs to start, if it is known where its QEMU has them."""
    if not (guest.emulator and _KNOWN.fullmatch(guest.emulator)):
        return
    for name in sorted({graphics.get("keymap", "") for graphics in root.iterfind("devices/graphics")} - {""}):
        yield QemuFile(f"keymaps/{name}", f"the keyboard layout {name}", None)
    machine = _MACHINE.fullmatch(guest.machine)
    if guest.arch not in ("x86_64", "i686") or machine is None or (int(machine[1]), int(machine[2])) < _SINCE:
        return
    if root.find("os/loader") is None:
        yield QemuFile(_BIOS, "the BIOS", "pc.bios")
    cards = (("network card", _CARDS, card) for card in root.iterfind("devices/interface"))
    adapters = (("display adapter", _ADAPTERS, card) for card in _first(root))
    for what, roms, card in (*cards, *adapters):
        model, rom, address = card.find("model"), card.find("rom"), card.find("address")
        name = "" if model is None else model.get("type", "")
        if name not in roms or (rom is not None and (rom.get("enabled") == "no" or rom.get("file"))):
            continue
        if address is None or address.get("type") == "pci":
            yield QemuFile(roms[name], f"the {what} {name}", ".rom")


def _first(root: Element) -> list[Element]:
    """Return the display adapter that the BIOS uses, which alone has an option ROM."""
    adapters = root.findall("devices/video")
    chosen = [one for one in adapters if one.find("model[@primary='yes']") is not None]
    return (chosen or adapters)[:1]
