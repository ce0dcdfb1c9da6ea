"""The table of mounts, and which mount holds a path."""

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
    #: Where it is mounted.
    point: str
    #: As "ext4", "nfs4", "fuse.glusterfs".
    type: str
    #: As "/dev/sda1", "nas:/export"; what the file system likes to call itself.
    source: str
    #: The file system's own options, as "rw,pagesize=2M".
    options: str = ""
    #: Whether nothing can be written to it here, because of this mount or of the file system as a whole.
    read_only: bool = False


class Mounts(Struct, frozen=True, kw_only=True, dict=True):
    """All mounts in the order in which they were made, a later one over an earlier."""

    all: tuple[Mount, ...]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read /proc/self/mountinfo (proc_pid_mountinfo(5)); raises `Unreadable` on other text."""
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
        """The mount that the path lies on; raises `Unreadable` when there is none, as for a relative path.

        By the path's text alone a symbolic link would mislead: where the device is known and another mount has it,
        that mount holds the path. (Not where no mount has it: btrfs counts every subvolume as a device of its own.)
        """
        points = self._by_point
        nearest = next((points[point] for point in _above(path) if point in points), None)
        if nearest is None:
            raise Unreadable(f"no mount contains {path}")
        if device is not None and nearest.device != device:
            return self._by_device.get(device, nearest)
        return nearest

    # a host with containers has thousands, and a host with guests asks about thousands of paths
    @cached_property
    def _by_point(self) -> Mapping[str, Mount]:
        return {mount.point: mount for mount in self.all}

    @cached_property
    def _by_device(self) -> Mapping[str, Mount]:
        return {mount.device: mount for mount in self.all}


def _above(path: str) -> Iterator[str]:
    """The path and the directories above it, from the longest, with a slash at their end and without."""
    at = len(path)
    while at > 0:
        yield path[:at]
        if not path.endswith("/", 0, at):
            at = path.rfind("/", 0, at) + 1
        else:
            at -= 1


def _unescape(field: str) -> str:
    """Give back the space, tab, line end and backslash that the kernel writes as three octal digits."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), field)
