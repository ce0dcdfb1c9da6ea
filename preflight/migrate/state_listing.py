"""Lists what is at a path on a host: each name with its type, its mode, its size and the digest of its content.

Two hosts have the same files there if their listings are equal. A host's answer is checked and typed before it is used:
a listing has only regular files and directories, has a bounded size, and is never empty.
"""

import re
import stat
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from preflight.migrate.root_shell import FilesError, Shell, as_root, require, script
from preflight.migrate.state_files import State
from preflight.units import MIB

#: Most bytes of all files together. The largest in the field is AAVMF's NVRAM, 64 MiB of flash; a TPM state has
#: kilobytes.
LARGEST: Final = 128 * MIB
#: Most names at one path. A TPM state has five.
MOST: Final = 64
#: Mode bits that are kept: no set-uid, set-gid or sticky bit, no write access for others, and no executable files.
MODES: Final = 0o775
FILE_MODES: Final = 0o664

_LIST = script("list")

_NAME = r"[^/\x00-\x1f\x7f]{1,255}"
_STAT = re.compile(rf"([0-9a-f]{{1,8}}) ([0-9]{{1,15}}) \./({_NAME}(?:/{_NAME}){{0,7}})")
_SUM = re.compile(rf"([0-9a-f]{{64}})  \./({_NAME}(?:/{_NAME}){{0,7}})")
#: SHA-256 of an empty file.
_NOTHING: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_OTHERS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


class Entry(Struct, frozen=True):
    """A file or directory. `name` is its path relative to the parent of the listed path; `size` is in bytes.

    A directory's `size` is 0.
    """

    name: str
    mode: int
    size: int = 0
    #: SHA-256 of a file's content; None for a directory.
    digest: str | None = None

    @property
    def is_directory(self) -> bool:
        """True for a directory; otherwise it is a regular file."""
        return self.digest is None


Listing = tuple[Entry, ...]


def listed(state: State, shell: Shell, *, at: str | None = None) -> Listing | None:
    """List what a host has at a path, sorted by name; return None if it has nothing. Raises `FilesError`.

    `at` is the path on the host if that is not the state's own path.
    """
    answer = shell(as_root(_LIST, at or state.path, str(LARGEST), str(MOST)))
    if answer.missing:
        return None
    entries = tuple(_entries(state, require(answer, state.path, "read")))
    _check(state, entries)
    return entries


def _entries(state: State, text: str) -> Iterator[Entry]:
    """Turn a host's answer into typed entries; raises `FilesError`."""
    stats: dict[str, tuple[int, int]] = {}
    sums: dict[str, str] = {}
    for line in text.splitlines():
        if (found := _STAT.fullmatch(line)) is not None and found[3] not in stats:
            stats[found[3]] = int(found[1], 16), int(found[2])
        elif (summed := _SUM.fullmatch(line)) is not None and summed[2] not in sums:
            sums[summed[2]] = summed[1]
        else:
            raise FilesError(f"{state.path}: a line of its listing cannot be used: {line[:80]!r}")
    for name, (mode, size) in sorted(stats.items()):
        kind = stat.S_IFMT(mode)
        if kind not in (stat.S_IFREG, stat.S_IFDIR):
            what = _OTHERS.get(kind, "neither a file nor a directory")
            raise FilesError(f"{_path(state, name)} is {what}: only regular files and directories are moved")
        if kind == stat.S_IFDIR:
            yield Entry(name, mode & MODES)
        elif size == 0:
            yield Entry(name, mode & FILE_MODES, 0, _NOTHING)
        elif name not in sums:
            raise FilesError(f"{_path(state, name)}: the digest of its content is missing")
        else:
            yield Entry(name, mode & FILE_MODES, size, sums.pop(name))
    if sums:
        raise FilesError(f"{state.path}: a digest of something that is not listed: {min(sums)[:80]!r}")


def _check(state: State, entries: Listing) -> None:
    """Check that a listing has the form of a guest's state; raises `FilesError`."""
    directories = {entry.name for entry in entries if entry.is_directory}
    for entry in entries:
        above, _, last = entry.name.rpartition("/")
        if last in (".", "..") or (above not in directories if above else entry.name != state.name):
            raise FilesError(f"{state.path}: its listing names something outside it: {entry.name[:80]!r}")
    if (state.name in directories) is not state.is_directory:
        raise FilesError(f"{state.path} is not a {'directory' if state.is_directory else 'file'}")
    if len(directories) == len(entries):
        raise FilesError(f"{state.path} contains no file: an empty directory is not the {state.what} of a guest")
    if len(entries) > MOST or sum(entry.size for entry in entries) > LARGEST:
        raise FilesError(f"{state.path} is too large for the {state.what} of a guest")


def _path(state: State, name: str) -> str:
    return f"{state.path.rpartition('/')[0]}/{name}"
