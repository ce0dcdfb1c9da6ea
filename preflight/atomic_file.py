"""Atomic writing of files: completely or not at all."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Open a file, readable only by its owner, that replaces the path once it is written and synced; raises `OSError`.

    If that fails, the path stays as it was. Anything other than a regular file is not replaced.
    """
    import tempfile  # imported here: slow to load, and few commands write a file

    if path.exists() and not path.is_file():
        raise OSError(errno.EEXIST, "is not a regular file, and is not replaced")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
