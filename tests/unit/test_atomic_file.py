import stat
from pathlib import Path

import pytest

from preflight.atomic_file import written


def test_a_file_is_there_whole_and_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    with written(path) as file:
        file.write(b"after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")

    def write_half() -> None:
        with written(path) as file:
            file.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        write_half()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="is not a regular file, and is not replaced"), written(tmp_path):
        pass
