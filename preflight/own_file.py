"""Opens files that say what preflight is to do: each once, of bounded size, and with a judgement of who may write it.

A plan or a journal is a program: it names hosts to log in to and guests to move. Owner, mode and the directories on
the way are looked at by descriptor, so nothing can be exchanged between the look and the use.
"""

import errno
import os
import stat
from pathlib import Path
from typing import NamedTuple

from preflight.errors import UserError

#: Symbolic links that one path may lead through (the kernel's own MAXSYMLINKS).
_MOST_LINKS = 40
#: `marks` of one file: decoded, each may cost fifty bytes. A journal of 5,000 guests has half a million.
MOST_MARKS = 8_000_000


class Opened(NamedTuple):
    """A file that is open. `doubt` says who beside its owner may read or exchange it; None where nobody may."""

    descriptor: int
    doubt: str | None


def others_may_write(status: os.stat_result) -> bool:
    """Report whether anybody but the caller and root may change what has this status."""
    return status.st_uid not in (0, os.getuid()) or bool(status.st_mode & 0o022)


def open_own(path: Path, flags: int = os.O_RDONLY) -> Opened:
    """Open a regular file that only the caller and root can write; raises `UserError` for any other.

    The way to it is walked one directory at a time, symbolic links included.
    """
    try:
        entry, doubt = _walk(path)
    except (OSError, ValueError) as why:
        raise UserError(f"{path}: {_said(why)}") from None
    try:
        status = _regular(path, entry)
        if others_may_write(status):
            raise UserError(f"{path}: users other than you and root can write to it, so it is not used")
        # the entry that was looked at, whatever bears its name by now
        descriptor = os.open(f"/proc/self/fd/{entry}", flags | os.O_CLOEXEC)
    except OSError as why:
        raise UserError(f"{path}: {why.strerror}") from None
    finally:
        os.close(entry)
    if status.st_uid != os.getuid():
        doubt = "the file belongs to another user"
    elif status.st_mode & 0o077:
        doubt = f"other users can read the file (mode {stat.S_IMODE(status.st_mode):04o}, not 0600)"
    return Opened(descriptor, doubt)


def open_any(path: Path) -> int:
    """Open a regular file of anybody's, to show what it says; raises `UserError`."""
    try:  # a FIFO that nobody writes to is not waited for
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
    """Read all of a file that is open; raises `UserError` where it has more than `most` bytes, or cannot be read.

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
    """How many quotes JSON has, or commas, whichever are more: it has no more values than that, nor names of fields."""
    return max(content.count(b'"'), content.count(b","))


def _regular(path: Path, descriptor: int) -> os.stat_result:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise UserError(f"{path}: {'Is a directory' if stat.S_ISDIR(status.st_mode) else 'is not a regular file'}")
    return status


def _walk(path: Path) -> tuple[int, str | None]:
    """A descriptor of what bears this path, not open for reading, and the first directory that others can write."""
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
