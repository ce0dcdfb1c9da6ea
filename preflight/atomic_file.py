"""Atomic writing of files: completely or not at all."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

#: The permissions of a file that only its owner may read, and those of a file for anybody.
PRIVATE, PUBLIC = 0o600, 0o666


class Exists(FileExistsError):
    """There is a file at the path, and it is not to be replaced."""


@contextlib.contextmanager
def written(path: Path, permissions: int = PRIVATE, *, replace: bool = True) -> Iterator[BinaryIO]:
    """Open a file that replaces the path once it is written and synced; raises `OSError`.

    Without `replace` it only takes a path at which there is nothing, or raises `Exists`. Its permissions are these,
    less those that the umask takes away. If writing fails, the path stays as it was. Anything other than a regular file
    is not replaced, and neither is a standard stream: /dev/stdout is a link that would be replaced by a file.
    """
    import tempfile  # imported here: slow to load, and few commands write a file

    _refuse_to_replace(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if permissions != PRIVATE:  # which mkstemp has set
                os.fchmod(file.fileno(), permissions & ~_umask())
            os.fsync(file.fileno())
        if replace:
            Path(temporary).replace(path)
        else:
            _take(path, Path(temporary))
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def sync_directory(directory: Path) -> None:
    """Return once the entries of a directory are on the disk; raises `OSError`."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take(path: Path, temporary: Path) -> None:
    """Give the file its name, unless another file has it."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise Exists(errno.EEXIST, os.strerror(errno.EEXIST)) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise Exists(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        temporary.replace(path)
        return
    temporary.unlink()


def _refuse_to_replace(path: Path) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise FileExistsError(errno.EEXIST, "is not a regular file, and is not replaced")
    for descriptor, name in enumerate(("input", "output", "error")):
        if os.path.samestat(status, os.fstat(descriptor)):
            raise FileExistsError(errno.EEXIST, f"is standard {name}, and is not replaced")


def _umask() -> int:
    """Return the umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
