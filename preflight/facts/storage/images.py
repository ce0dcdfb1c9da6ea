"""Format, guest-visible size, backing file and data file of disk images, read from the images on a host."""

import re
from posixpath import dirname, join
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import OPTIONAL, Record, Unreadable
from preflight.facts.text.by_path import ByPath

_LINE = r"image (\d{1,20}) (?:(raw|unread|cut)|qcow2 ([0-9a-f]{16}) ((?:[0-9a-f]{2}){1,1023}|[a-z]+|-))"
#: What follows for an image whose data are in a file of their own: its name in hex, and 1 if it does not exist.
_DATA = r"(?: data (?:elsewhere|((?:[0-9a-f]{2}){1,1023}) ([0-9]{1,3})))?"
_WHOLE = _LINE + _DATA
#: Reasons why the backing file of an image is unknown.
_NO_NAME = {
    "far": "the name of its backing image is too far from its start",
    "elsewhere": "its backing image is not named by a path",
}


class Image(Struct, frozen=True, kw_only=True):
    """Disk image."""

    #: Format by its first bytes: qcow2, or raw for everything else.
    format: str
    #: The size of the disk that it contains, in bytes.
    size: int
    #: Its backing file, as named in the image; None if there is none, and for all formats except qcow2.
    backing: str | None = None


class Images(ByPath, frozen=True, kw_only=True):
    """The existing images of disks that are qcow2 or are to be copied, from `questions.image_heads`."""

    @classmethod
    def parse(cls, images: Annotated[Record, OPTIONAL]) -> Self:
        """Parse the answers by path."""
        return super().parse(images)

    def is_raw(self, path: str) -> bool:
        """Report whether the image at the path was read and is not qcow2.

        An image that its QEMU can open may be closed to root (NFS with root_squash), and an older snapshot has only
        those that were to be copied: False, as for one that is as it should be.
        """
        found = re.fullmatch(_WHOLE, self.answers.get(path, ""))
        return found is not None and found[2] == "raw"

    def missing_data(self, path: str) -> str | None:
        """Return the path of the file that has the data of the qcow2 image at the path, if it does not exist.

        An image whose header was not read, and a file that is not named by a path, are not known to lack anything.
        """
        found = re.fullmatch(_WHOLE, self.answers.get(path, ""))
        if found is None or found[5] is None or found[6] != "1":
            return None
        return join(dirname(path), bytes.fromhex(found[5]).decode("utf-8", "replace"))

    def look(self, path: str) -> Image:
        """Return the image at the path, which must exist; raises `Unreadable` if the host could not read it."""
        line = self.answer(path, "image")
        if line.startswith("head "):
            raise Unreadable(
                f"{path}: the snapshot is from an older preflight, which stored images differently: take it again"
            )
        found = re.fullmatch(_WHOLE, line)
        if found is None:
            raise Unreadable(f"{path}: {line.rpartition(': ')[2] or 'no answer'}")
        size, other, virtual, backing = found.groups()[:4]
        if other == "raw":
            return Image(format="raw", size=int(size))
        if other is not None:
            raise Unreadable(f"{path}: its header {'is truncated' if other == 'cut' else 'could not be read'}")
        try:
            name = None if backing == "-" else bytes.fromhex(backing).decode("utf-8", "replace")
        except ValueError:
            raise Unreadable(
                f"{path}: {_NO_NAME.get(backing, 'the name of its backing image could not be read')}"
            ) from None
        return Image(format="qcow2", size=int(virtual, 16), backing=name)
