"""The mount table, and the mount that contains a path."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Self

from msgspec import Struct

from preflight.facts.fact import Unreadable

_ESCAPE = re.compile(r"\\([0-7]{3})")


class Mount(Struct, frozen=True, kw_only=True):
    """One line of /proc/self/mountinfo."""

    #: "major:minor" of what is mounted.
    device: str
    #: The mount point.
    point: str
    #: As "ext4", "nfs4", "fuse.glusterfs".
    type: str
    #: As "/dev/sda1", "nas:/export"; the name is chosen by the file system.
    source: str
    #: The file system's options, as "rw,pagesize=2M".
    options: str = ""
    #: True if the mount or the file system as a whole is read-only.
    read_only: bool = False


class Mounts(Struct, frozen=True, kw_only=True, dict=True):
    """All mounts in the order in which they were made; a later one hides an earlier one."""

    all: tuple[Mount, ...]

    @classmethod
    def read(cls, text: str) -> Self:
        """Parse /proc/self/mountinfo (proc_pid_mountinfo(5)); raises `Unreadable` on other text."""
        found = []
        for line in text.splitlines():
            before, dash, after = line.partition(" - ")
            fields, rest = before.split(" "), after.split(" ")
            if not dash or len(fields) < 6 or len(rest) < 2:
                raise Unreadable(f"unexpected line in the mount table: {line[:80]}")
            found.append(
                Mount(
                    device=fields[2],
                    point=_unescape(fields[4]),
                    type=_unescape(rest[0]),
                    source=_unescape(rest[1]),
                    options=" ".join(rest[2:]),
                    read_only="ro" in (*fields[5].split(","), *" ".join(rest[2:]).split(",")),
                )
            )
        if not found:
            raise Unreadable("the mount table is empty")
        return cls(all=tuple(found))

    def holding(self, path: str, device: str | None = None) -> Mount:
        """Return the mount that contains the path; raises `Unreadable` if there is none, as for a relative path.

        The text of the path alone would be misleading for a symbolic link: if the device is known and another mount has
        it, that mount contains the path. (Not if no mount has it: btrfs gives every subvolume a device of its own.)
        """
        points = self._by_point
        nearest = next((points[point] for point in _above(path) if point in points), None)
        if nearest is None:
            raise Unreadable(f"no mount contains {path}")
        if device is not None and nearest.device != device:
            return self._by_device.get(device, nearest)
        return nearest

    # a host with containers has thousands of mounts, and thousands of paths are looked up on a host with many guests
    @cached_property
    def _by_point(self) -> Mapping[str, Mount]:
        return {mount.point: mount for mount in self.all}

    @cached_property
    def _by_device(self) -> Mapping[str, Mount]:
        return {mount.device: mount for mount in self.all}


def _above(path: str) -> Iterator[str]:
    """Yield the path and the directories above it, longest first, with and without a trailing slash."""
    at = len(path)
    while at > 0:
        yield path[:at]
        if not path.endswith("/", 0, at):
            at = path.rfind("/", 0, at) + 1
        else:
            at -= 1


def _unescape(field: str) -> str:
    """Restore the space, tab, newline and backslash that the kernel writes as three octal digits."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), field)
