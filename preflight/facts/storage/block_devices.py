"""What tells a host's block devices from others: their size, their name in the world, and how their content begins.

The same path on two hosts may lead to two devices, and libvirt does not look.
"""

import re
from collections.abc import Mapping

from msgspec import Struct

from preflight.facts.fact import Unreadable
from preflight.facts.text.by_path import ByPath

_LINE = re.compile(r"device (\d{1,20}) ([0-9a-f]{64}|-) (-|[a-z0-9=,]{1,500}) ?(.{0,300})", re.ASCII)
_MARK = re.compile(r"([a-z0-9]+)=((?:[0-9a-f]{2}){1,36})")
#: What was kept of a device before: all of its first 4 KiB in hex.
_OLD = re.compile(r"device \d{1,20} [0-9a-f]{65}")
#: Identifiers at the start of a device, which stay as long as what they identify, by the names that
#: `questions.block_devices` gives them.
_MARKS: Mapping[str, str] = {
    "mbr": "partition table (MBR)",
    "gpt": "partition table (GPT)",
    "ext4": "ext4",
    "xfs": "XFS",
    "lvm": "LVM",
    "luks": "LUKS",
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
    #: The SHA-256 of its first 4 KiB; None where they could not be read.
    start: str | None = None

    def difference(self, other: "BlockDevice") -> str | None:
        """Why the other cannot be the same device, as of the other; None where nothing says so."""
        if self.size != other.size:
            return f"has {other.size} bytes, not {self.size}"
        form = next((one for one in _COMPARABLE if (self.name or "").startswith(one)), None)
        if form and other.name and other.name.startswith(form) and self.name != other.name:
            return f"is {other.name}, not {self.name}"
        if self.start is not None and self.start == other.start:
            return None
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
        if _OLD.match(line):
            raise Unreadable(
                f"{path}: the snapshot is from an older preflight, which stored devices differently: take it again"
            )
        found = _LINE.fullmatch(line)
        if found is None:
            raise Unreadable(f"the device {path} could not be read")
        size, start, marks, name = found.groups()
        if start == "-":
            return BlockDevice(size=int(size), name=name.strip() or None, marks=None)
        read = [_MARK.fullmatch(mark) for mark in marks.split(",")] if marks != "-" else []
        return BlockDevice(
            size=int(size),
            name=name.strip() or None,
            marks={_MARKS.get(mark[1], mark[1]): _shown(mark[2]) for mark in read if mark is not None},
            start=start,
        )


def _shown(identifier: str) -> str:
    value = bytes.fromhex(identifier)
    return value.decode() if value.isascii() and value.rstrip(b"\0").isalnum() else identifier


def _listed(marks: Mapping[str, str]) -> str:
    return ", ".join(f"{what} {value}" for what, value in marks.items()) or "nothing recognizable"
