"""A directory that only the caller and root can write, like each directory above it, for files that are programs."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight import own_file


@pytest.fixture
def own_directory() -> Iterator[Path]:
    """Such a directory. It is not below the usual /tmp, which everybody can write."""
    for base in (os.environ.get("XDG_RUNTIME_DIR", ""), str(Path.home()), str(Path(__file__).parents[1])):
        if not os.access(base or "/nowhere", os.W_OK):
            continue
        made = Path(tempfile.mkdtemp(prefix="preflight-test-", dir=base))
        try:
            found = own_file._walk(made)
            os.close(found.descriptor)
            if found.written is None:
                yield made
                return
        finally:
            shutil.rmtree(made)
    pytest.skip("no directory here that only its owner and root can reach and write")
