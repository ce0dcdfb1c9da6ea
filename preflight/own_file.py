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


class Opened(NamedTuple):
    """Open file. `doubt` describes who besides its owner may read or replace it; None if nobody may.

    `replaced_by` describes only who may replace it: those who can write to a directory on its path.
    """

    descriptor: int
    doubt: str | None
    replaced_by: str | None


def others_may_write(status: os.stat_result) -> bool:
    """Report whether anybody except the caller and root may change the file with this status."""
    return status.st_uid not in (0, os.getuid()) or bool(status.st_mode & 0o022)


def open_own(path: Path, flags: int = os.O_RDONLY) -> Opened:
    """Open a regular file that only the caller and root can write; raises `UserError` for any other.

    The path is walked one directory at a time, including symbolic links.
    """
    try:
        entry, replaced_by = _walk(path)
    except (OSError, ValueError) as why:
        raise UserError(f"{path}: {_said(why)}") from None
    try:
        status = _regular(path, entry)
        if others_may_write(status):
            raise UserError(f"{path}: users other than you and root can write to it, so it is not used")
        # the entry that was checked, whatever has its name by now
        descriptor = os.open(f"/proc/self/fd/{entry}", flags | os.O_CLOEXEC)
    except OSError as why:
        raise UserError(f"{path}: {why.strerror}") from None
    finally:
        os.close(entry)
    doubt = replaced_by
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
        raise UserError(f"{path}: has {size} bytes; the limit is {most}")
    if marks(content) > most_marks:
        raise UserError(f"{path}: contains more values than preflight reads")
    return content


def marks(content: bytes) -> int:
    """Count the quotes or the commas in JSON, whichever are more: an upper limit for its values and field names."""
    return max(content.count(b'"'), content.count(b","))


def _regular(path: Path, descriptor: int) -> os.stat_result:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise UserError(f"{path}: {'Is a directory' if stat.S_ISDIR(status.st_mode) else 'is not a regular file'}")
    return status


def _walk(path: Path) -> tuple[int, str | None]:
    """Return an O_PATH descriptor for the path, and a doubt about the first directory that others can write to."""
    at, doubt, links, shown = _root(), None, 0, Path("/")
    try:
        left = list(reversed((Path.cwd() / path).parts[1:]))
        while left:
            if others_may_write(os.fstat(at)):
                doubt = doubt or f"other users can write to the directory {shown}"
            name = left.pop()
            entry = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
            if not stat.S_ISLNK(os.fstat(entry).st_mode):
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
    return at, doubt


def _refuse_a_loop(links: int) -> None:
    if links > _MOST_LINKS:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _root() -> int:
    return os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def _said(why: OSError | ValueError) -> str:
    return (why.strerror if isinstance(why, OSError) else None) or str(why)
