"""Properties that identify a host's block devices: size, worldwide name, and the start of their content.

The same path on two hosts may lead to two different devices, and libvirt does not check this.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import OPTIONAL, Record, Unreadable
from preflight.facts.text.by_path import ByPath

_LINE = r"(?a)device (\d{1,20}) ([0-9a-f]{64}|-) (-|[a-z0-9=,]{1,500}) ?(.{0,300})"
_MARK = r"([a-z0-9]+)=((?:[0-9a-f]{2}){1,36})"
#: Form of older snapshots: the first 4 KiB of the device in hex.
_OLD = r"device \d{1,20} [0-9a-f]{65}"
#: Identifiers at the start of a device, which last as long as what they identify, by their names in
#: `questions.block_devices`.
_MARKS: Mapping[str, str] = {
    "mbr": "partition table (MBR)",
    "gpt": "partition table (GPT)",
    "ext4": "ext4",
    "xfs": "XFS",
    "lvm": "LVM",
    "luks": "LUKS",
}
#: Worldwide names that have the same form on every host: device-mapper's with their creator, SCSI's, NVMe's.
_COMPARABLE = ("LVM-", "mpath-", "naa.", "eui.", "nvme.", "uuid.")


class BlockDevice(Struct, frozen=True, kw_only=True):
    """One block device."""

    #: In bytes.
    size: int
    #: Worldwide name, as "naa.600a0b80…"; None if the kernel has none.
    name: str | None
    #: Identifiers found at its start, by what they identify. Empty if nothing is recognized, None if it could not be
    #: read.
    marks: Mapping[str, str] | None
    #: The SHA-256 of its first 4 KiB; None if they could not be read.
    start: str | None = None

    def difference(self, other: "BlockDevice") -> str | None:
        """Return why `other` cannot be the same device, as a predicate of `other`; None if nothing shows that."""
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
    """The block devices that `questions.block_devices` asked about."""

    @classmethod
    def parse(cls, block_devices: Annotated[Record, OPTIONAL]) -> Self:
        """Parse the answers by path."""
        return super().parse(block_devices)

    def look(self, path: str) -> BlockDevice | None:
        """Return the device at the path, or None if there is no block device; raises `Unreadable` if unknown."""
        line = self.answer(path, "device")
        if not line:
            return None
        if re.match(_OLD, line):
            raise Unreadable(
                f"{path}: the snapshot is from an older preflight, which stored devices differently: take it again"
            )
        found = re.fullmatch(_LINE, line)
        if found is None:
            raise Unreadable(f"the device {path} could not be read")
        size, start, marks, name = found.groups()
        if start == "-":
            return BlockDevice(size=int(size), name=name.strip() or None, marks=None)
        read = [re.fullmatch(_MARK, mark) for mark in marks.split(",")] if marks != "-" else []
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
