"""Opening of files that tell preflight what to do: once, with limited size, and with a check of who may write them.

A plan or a journal is a program: it names hosts to log in to and guests to migrate. Owner, mode and the directories on
the path are checked by descriptor, so that nothing can be replaced between check and use.
"""

import errno
import os
import stat
from pathlib import Path
from typing import NamedTuple

from preflight.errors import UserError

#: Maximum number of symbolic links in one path (the kernel's own MAXSYMLINKS).
_MOST_LINKS = 40
#: Maximum number of `marks` in one file: each may take fifty bytes when decoded. A journal of 5,000 guests has half a
#: million.
MOST_MARKS = 8_000_000
#: Maximum number of files and directories below a directory of rules.
_MOST_ENTRIES = 10_000
_WRITABLE = "other users can write to the directory {}"


class Opened(NamedTuple):
    """Open file, with reasons for doubt; None if there are none.

    `doubt` says that others can read the file, or write to a directory on its path. `replaced_by` says only that others
    can replace the file, or a directory or link on its path.
    """

    descriptor: int
    doubt: str | None
    replaced_by: str | None


class _Found(NamedTuple):
    """O_PATH descriptor for a path, and doubts about the directories on it.

    `written` names the first that others can write to, `replaced` the first in which they can also replace what the
    path leads through.
    """

    descriptor: int
    written: str | None
    replaced: str | None


def others_may_write(status: os.stat_result) -> bool:
    """Report whether anybody except the caller and root may change the file with this status."""
    return status.st_uid not in (0, os.getuid()) or bool(status.st_mode & 0o022)


def others_may_replace(directory: os.stat_result, entry: os.stat_result) -> bool:
    """Report whether anybody except the caller and root may replace this entry of this directory.

    In a directory with the sticky bit, such as /tmp, only the owners of the directory and of the entry may. A hard link
    to a file of the caller's may have been made by anybody, so that a file with several names counts as replaceable.
    """
    if not others_may_write(directory):
        return False
    is_linked = not stat.S_ISDIR(entry.st_mode) and entry.st_nlink > 1
    return is_linked or not _keeps_entries(directory) or entry.st_uid not in (0, os.getuid())


def _keeps_entries(directory: os.stat_result) -> bool:
    """Report whether only their owners can remove the entries of a directory, besides the caller and root."""
    return bool(directory.st_mode & stat.S_ISVTX) and directory.st_uid in (0, os.getuid())


def doubt_of_new(path: Path) -> str | None:
    """Return why a file that is created under this path could be replaced by others; None if it could not be."""
    try:
        found = _walk(path.parent)
    except (OSError, ValueError) as why:
        raise UserError(f"{path}: {_said(why)}") from None
    try:
        status = os.fstat(found.descriptor)
    finally:
        os.close(found.descriptor)
    if found.replaced is None and others_may_write(status) and not _keeps_entries(status):
        return _WRITABLE.format(Path.cwd() / path.parent)
    return found.replaced


def refuse_tree(directory: Path) -> None:
    """Raise `UserError` unless only the caller and root can write to a directory and to everything in it.

    Nobody else may be able to replace a directory or a link on its path either.
    """
    left = [directory]
    seen = 0
    while left:
        path = left.pop()
        seen += 1
        if seen > _MOST_ENTRIES:
            raise UserError(f"{directory}: contains more than {_MOST_ENTRIES} files: name another directory")
        if stat.S_ISDIR(_refuse(path).st_mode):
            left += path.iterdir()


def _refuse(path: Path) -> os.stat_result:
    """Return the status of what a path leads to; raises `UserError` if others can write to it or replace it."""
    try:
        found = _walk(path)
    except (OSError, ValueError) as why:
        raise UserError(f"{path}: {_said(why)}") from None
    try:
        status = os.fstat(found.descriptor)
    finally:
        os.close(found.descriptor)
    if others_may_write(status):
        raise UserError(f"{path}: users other than you and root can write to it")
    if found.replaced is not None:
        raise UserError(f"{path}: {found.replaced}")
    return status


def open_own(path: Path, flags: int = os.O_RDONLY) -> Opened:
    """Open a regular file that only the caller and root can write; raises `UserError` for any other.

    The path is walked one directory at a time, including symbolic links.
    """
    try:
        entry, written, replaced_by = _walk(path)
    except (OSError, ValueError) as why:
        raise UserError(f"{path}: {_said(why)}") from None
    try:
        status = _regular(path, entry)
        if others_may_write(status):
            raise UserError(f"{path}: users other than you and root can write to it, so it is not used: chmod go-w")
        # the entry that was checked, whatever has its name by now
        descriptor = os.open(f"/proc/self/fd/{entry}", flags | os.O_CLOEXEC)
    except OSError as why:
        raise UserError(f"{path}: {why.strerror}") from None
    finally:
        os.close(entry)
    doubt = written
    if status.st_uid != os.getuid():
        doubt = "the file belongs to another user"
    elif status.st_mode & 0o077:
        doubt = f"other users can read the file (mode {stat.S_IMODE(status.st_mode):04o}, not 0600)"
    return Opened(descriptor, doubt, replaced_by)


def open_any(path: Path) -> int:
    """Open a regular file of any owner, to show its contents; raises `UserError`."""
    try:  # do not wait for a writer of a FIFO
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as why:
        raise UserError(f"{path}: {_said(why)}") from None
    try:
        _regular(path, descriptor)
    except UserError:
        os.close(descriptor)
        raise
    return descriptor


def read(path: Path, descriptor: int, most: int, most_marks: int = MOST_MARKS) -> bytes:
    """Read an open file completely; raises `UserError` if it has more than `most` bytes or cannot be read.

    `most_marks` bounds the memory that its values may take.
    """
    try:
        size = os.fstat(descriptor).st_size
        content = os.pread(descriptor, most + 1, 0) if size <= most else b""
        while 0 < len(content) < size and (more := os.pread(descriptor, size - len(content), len(content))):
            content += more
    except OSError as why:
        raise UserError(f"{path}: {why.strerror}") from None
    if max(size, len(content)) > most:
        raise UserError(f"{path}: has {size} bytes; the limit is {most}: name another file")
    if marks(content) > most_marks:
        raise UserError(f"{path}: contains more values than preflight reads: name another file")
    return content


def marks(content: bytes) -> int:
    """Count the quotes or the commas in JSON, whichever are more: an upper limit for its values and field names."""
    return max(content.count(b'"'), content.count(b","))


def _regular(path: Path, descriptor: int) -> os.stat_result:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        kind = "Is a directory" if stat.S_ISDIR(status.st_mode) else "is not a regular file"
        raise UserError(f"{path}: {kind}: name a file")
    return status


def _walk(path: Path) -> _Found:
    """Return a descriptor for the path, and doubts about the directories on it; raises `OSError` and `ValueError`."""
    at, links, shown = _root(), 0, Path("/")
    written: str | None = None
    replaced: str | None = None
    try:
        left = list(reversed((Path.cwd() / path).parts[1:]))
        while left:
            directory, name = os.fstat(at), left.pop()
            entry = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
            status = os.fstat(entry)
            if others_may_write(directory):
                written = written or _WRITABLE.format(shown)
                if replaced is None and others_may_replace(directory, status):
                    replaced = _WRITABLE.format(shown)
            if not stat.S_ISLNK(status.st_mode):
                at, entry, shown = entry, at, shown / name
                os.close(entry)
                continue
            try:
                target = Path(os.readlink("", dir_fd=entry))
            finally:
                os.close(entry)
            links += 1
            _refuse_a_loop(links)
            if target.is_absolute():
                os.close(at)
                at, shown = -1, Path("/")
                at = _root()
            left += reversed([part for part in target.parts if part != "/"])
    except (OSError, ValueError):
        if at >= 0:
            os.close(at)
        raise
    return _Found(at, written, replaced)


def _refuse_a_loop(links: int) -> None:
    if links > _MOST_LINKS:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _root() -> int:
    return os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def _said(why: OSError | ValueError) -> str:
    return (why.strerror if isinstance(why, OSError) else None) or str(why)
