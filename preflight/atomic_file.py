"""Writes a file whole or not at all."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Open a file, readable by its owner alone, that takes the path once it is written and synced; raises `OSError`.

    Whatever the path was until then it stays where that fails. What is no regular file is not replaced.
    """
    import tempfile  # takes a while, and few commands write a file

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
