"""Directories that qemu.conf declares to be shared with other hosts, although their file system is local."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Self

from preflight.facts.daemon.daemons import Daemons
from preflight.facts.daemon.qemu_conf import PATH, QemuConfFile
from preflight.facts.fact import Fact, Unreadable
from preflight.facts.libvirt.versions import Versions
from preflight.facts.version import Version

_KEY = "shared_filesystems"
#: The first release that reads the setting.
_SINCE = Version(10, 9, 0)


class SharedDirectories(Fact, frozen=True, kw_only=True):
    """The setting shared_filesystems: directories that libvirt takes for shared (virFileIsSharedFSOverride)."""

    directories: frozenset[str]
    #: Why the setting in use is unknown, or None.
    unknown: str | None = None

    def has(self, path: str) -> bool:
        """Report whether the path is one of them or below one; raises `Unreadable` if that is unknown."""
        if self.unknown is not None:
            raise Unreadable(self.unknown)
        parents: Iterable[PurePosixPath] = (PurePosixPath(path), *PurePosixPath(path).parents)
        return not self.directories.isdisjoint(map(str, parents))

    @classmethod
    def parse(
        cls, file: QemuConfFile | Unreadable, daemons: Daemons | Unreadable, versions: Versions | Unreadable
    ) -> Self:
        """Take the setting; a host whose file cannot be read has none."""
        if isinstance(file, Unreadable) or isinstance(versions, Unreadable) or versions.libvirt < _SINCE:
            return cls(directories=frozenset())
        found = None if file.conf.problem else file.conf.get(_KEY)
        if found is None:
            return cls(directories=frozenset())
        if isinstance(daemons, Unreadable) or daemons.changed_since_start("qemu"):
            reason = f"{PATH} was changed after the daemon started: whether it knows {_KEY} is unknown until a restart"
            return cls(directories=frozenset(), unknown=reason)
        values = found.value if isinstance(found.value, tuple) else (found.value,)
        return cls(directories=frozenset(str(PurePosixPath(value)) for value in values if isinstance(value, str)))
