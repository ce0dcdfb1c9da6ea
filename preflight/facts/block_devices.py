"""What tells a host's block devices from others: their size, their name in the world, and how their content begins.

The same path on two hosts may lead to two devices, and libvirt does not look.
"""

import re
from collections.abc import Mapping

from msgspec import Struct

from preflight.facts.by_path import ByPath
from preflight.facts.record import Unreadable

_LINE = re.compile(r"device (\d{1,20}) ([0-9a-f]{2,8192}|-) ?(.{0,300})", re.ASCII)


class _Mark(Struct, frozen=True):
    """An identifier at the start of a device, which stays as long as what it identifies: where it is, in bytes."""

    magic: bytes
    magic_at: int
    at: int
    length: int


#: From UEFI 2.10 (5.3.2), and the superblocks and headers of Linux (fs/ext4/ext4.h, fs/xfs/libxfs/xfs_format.h), LVM2
#: (lib/format_text/layout.h) and cryptsetup (LUKS1 and LUKS2 agree).
_MARKS: Mapping[str, _Mark] = {
    "partition table (MBR)": _Mark(b"\x55\xaa", 510, 440, 4),
    "partition table (GPT)": _Mark(b"EFI PART", 512, 568, 16),
    "ext4": _Mark(b"\x53\xef", 0x438, 0x468, 16),
    "XFS": _Mark(b"XFSB", 0, 32, 16),
    "LVM": _Mark(b"LABELONE", 512, 544, 32),
    "LUKS": _Mark(b"LUKS\xba\xbe", 0, 168, 36),
}
#: Names in the world that both hosts give a device in the same form: device-mapper's with its maker, SCSI's, NVMe's.
_COMPARABLE = ("LVM-", "mpath-", "naa.", "eui.", "nvme.", "uuid.")


class BlockDevice(Struct, frozen=True, kw_only=True):
    """One block device."""

    #: In bytes.
    size: int
    #: As "naa.600a0b80…"; None where the kernel knows none.
    name: str | None
    #: What is written at its start: identifiers by what they identify. Empty where nothing is recognized, None where
    #: it could not be read.
    marks: Mapping[str, str] | None

    def difference(self, other: "BlockDevice") -> str | None:
        """Why the other cannot be the same device, as of the other; None where nothing says so."""
        if self.size != other.size:
            return f"has {other.size} bytes, not {self.size}"
        form = next((one for one in _COMPARABLE if (self.name or "").startswith(one)), None)
        if form and other.name and other.name.startswith(form) and self.name != other.name:
            return f"is {other.name}, not {self.name}"
        if self.marks is None or other.marks is None or self.marks == other.marks:
            return None
        return f"begins with {_listed(other.marks)}, not with {_listed(self.marks)}"


class BlockDevices(ByPath, frozen=True, kw_only=True):
    """The devices that were asked about, by `questions.block_devices`."""

    def look(self, path: str) -> BlockDevice | None:
        """The device at the path, None where there is no block device; raises `Unreadable` when it was not told."""
        line = self.answer(path, "device")
        if not line:
            return None
        found = _LINE.fullmatch(line)
        if found is None or (len(found[2]) % 2 and found[2] != "-"):
            raise Unreadable(f"the device {path} could not be read")
        marks = None if found[2] == "-" else _marks(bytes.fromhex(found[2]))
        return BlockDevice(size=int(found[1]), name=found[3].strip() or None, marks=marks)


def _marks(head: bytes) -> dict[str, str]:
    found = {}
    for what, mark in _MARKS.items():
        value = head[mark.at : mark.at + mark.length]
        if head[mark.magic_at :].startswith(mark.magic) and any(value):
            found[what] = value.decode() if value.isascii() and value.rstrip(b"\0").isalnum() else value.hex()
    return found


def _listed(marks: Mapping[str, str]) -> str:
    return ", ".join(f"{what} {value}" for what, value in marks.items()) or "nothing that is known"
