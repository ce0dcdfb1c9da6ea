"""The files of a guest on both hosts: its images, its firmware's variables and TPM state, and their changes."""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.lab.host import LabHost

#: Directories that contain them.
WATCHED = ("/srv", "/var/lib/libvirt/images", "/var/lib/libvirt/qemu/nvram", "/var/lib/libvirt/swtpm")

#: Directories in which a rehearsal may leave something.
EVERYWHERE = ("/etc", "/root", "/srv", "/var/lib/libvirt")

Files = Mapping[str, str]


def look(host: LabHost, directories: Sequence[str] = WATCHED) -> Files:
    """Return the type, mode, owner, extended attributes and digest of each path below directories, by path."""
    return dict(_look(host, directories))


def _look(host: LabHost, directories: Sequence[str]) -> Iterator[tuple[str, str]]:
    for directory in directories:
        top = host.inside(directory)
        for parent, below, names in os.walk(top):
            for path in sorted(Path(parent, name) for name in (*below, *names)):
                yield directory + str(path).removeprefix(top), _described(path)


def _described(path: Path) -> str:
    try:
        status = path.lstat()
        attributes = [
            f"{name}={os.getxattr(path, name, follow_symlinks=False).hex()}"
            for name in sorted(os.listxattr(path, follow_symlinks=False))
        ]
        is_file = stat.S_ISREG(status.st_mode)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16] if is_file else ""
    except FileNotFoundError:
        return "gone while it was read"
    return " ".join((stat.filemode(status.st_mode), f"{status.st_uid}:{status.st_gid}", *attributes, digest))


def changed(before: Files, after: Files) -> list[str]:
    """Return what became of the paths that were there before, in words."""
    return [
        f"{path} is gone" if path not in after else f"{path} was {was}, is {after[path]}"
        for path, was in sorted(before.items())
        if after.get(path) != was
    ]


def other(before: Files, after: Files) -> list[str]:
    """Return the paths that were not there before, that are not as they were, or that are gone."""
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
