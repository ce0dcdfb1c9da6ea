"""What the first bytes of disk images say: their format, the size that a guest sees, and what they lie upon."""

import re

from msgspec import Struct

from preflight.facts.by_path import ByPath
from preflight.facts.record import Unreadable

#: Bytes of each image that are asked for. In qcow2 the name of the backing image follows the header's extensions.
HEAD = 2048
_QCOW2 = b"QFI\xfb"
_LINE = re.compile(r"head (\d{1,20}) ([0-9a-f]*)")


class Image(Struct, frozen=True, kw_only=True):
    """One image."""

    #: What its first bytes say: qcow2, or raw for everything else.
    format: str
    #: The size of the disk that is in it, in bytes.
    size: int
    #: The image that it lies upon, as it names it; None for none, and for all but qcow2.
    backing: str | None = None


class Images(ByPath, frozen=True, kw_only=True):
    """The images of the disks that are to be copied, where they exist, by `questions.image_heads`."""

    def look(self, path: str) -> Image:
        """The image at the path, which must exist; raises `Unreadable` when the host could not tell."""
        line = self.answer(path, "image")
        found = _LINE.fullmatch(line)
        if found is None or len(found[2]) % 2:
            raise Unreadable(f"{path}: {line.rpartition(': ')[2] or 'no answer'}")
        size, head = int(found[1]), bytes.fromhex(found[2])
        if not head.startswith(_QCOW2):
            return Image(format="raw", size=size)
        if len(head) < 32:
            raise Unreadable(f"{path}: its head is cut off")
        at, length = int.from_bytes(head[8:16]), int.from_bytes(head[16:20])
        if at and at + length > len(head):
            raise Unreadable(f"{path}: the name of its backing image is too far from its start")
        backing = head[at : at + length].decode("utf-8", "replace") if at else None
        return Image(format="qcow2", size=int.from_bytes(head[24:32]), backing=backing)
