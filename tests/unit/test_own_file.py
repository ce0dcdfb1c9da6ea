"""Files that control preflight: only those that no other user could have written, and of bounded size (S5)."""

import os
import tempfile
from pathlib import Path

import pytest

from preflight import own_file
from preflight.errors import UserError
from tests.own_directory import own_directory

__all__ = ["own_directory"]

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")


def doubt_of(path: Path) -> str | None:
    opened = own_file.open_own(path)
    os.close(opened.descriptor)
    return opened.doubt


def kept(directory: Path, mode: int = 0o600) -> Path:
    path = directory / "evening.plan"
    path.write_text("{}")
    path.chmod(mode)
    return path


def test_a_file_of_ones_own_in_directories_of_ones_own_is_beyond_doubt(own_directory: Path) -> None:
    assert doubt_of(kept(own_directory)) is None


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o660])
def test_a_file_that_others_can_write_is_not_used_at_all(own_directory: Path, mode: int) -> None:
    path = kept(own_directory, mode)
    with pytest.raises(UserError) as refused:
        own_file.open_own(path)
    assert str(refused.value) == f"{path}: users other than you and root can write to it, so it is not used: chmod go-w"


@needs_root
def test_a_file_of_somebody_elses_is_not_used_at_all(own_directory: Path) -> None:
    path = kept(own_directory)
    os.chown(path, 12345, 12345)
    with pytest.raises(UserError, match="users other than you and root can write to it"):
        own_file.open_own(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_in_doubt(own_directory: Path, mode: int) -> None:
    assert doubt_of(kept(own_directory, mode)) == f"other users can read the file (mode {mode:04o}, not 0600)"


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o1777, 0o777])
def test_a_directory_that_others_can_write_is_in_doubt_sticky_or_not(own_directory: Path, mode: int) -> None:
    shared = own_directory / "shared"
    below = shared / "own"
    below.mkdir(parents=True)
    path = kept(below)
    shared.chmod(mode)
    assert doubt_of(path) == f"other users can write to the directory {shared}"


def replaced_by(path: Path) -> str | None:
    opened = own_file.open_own(path)
    os.close(opened.descriptor)
    return opened.replaced_by


def test_what_is_ones_own_in_a_sticky_directory_cannot_be_replaced(own_directory: Path) -> None:
    shared = own_directory / "shared"
    (shared / "own").mkdir(parents=True)
    for path in (kept(shared), kept(shared / "own")):
        shared.chmod(0o1777)
        assert replaced_by(path) is None
        assert own_file.doubt_of_new(path) is None
        shared.chmod(0o777)
        assert replaced_by(path) == f"other users can write to the directory {shared}"
        assert own_file.doubt_of_new(path) == f"other users can write to the directory {shared}"


def test_a_file_with_several_names_in_a_sticky_directory_may_have_been_put_there(own_directory: Path) -> None:
    shared = own_directory / "shared"
    shared.mkdir()
    os.link(kept(own_directory), shared / "other.plan")
    assert replaced_by(shared / "other.plan") is None
    shared.chmod(0o1777)
    assert replaced_by(shared / "other.plan") == f"other users can write to the directory {shared}"


@needs_root
@pytest.mark.parametrize("whose", ["directory", "link", "entry"])
def test_what_is_anothers_in_a_sticky_directory_can_be_replaced(own_directory: Path, whose: str) -> None:
    shared = own_directory / "shared"
    (shared / "below").mkdir(parents=True)
    path = kept(shared / "below")
    (shared / "link").symlink_to(own_directory / "evening.plan")
    kept(own_directory)
    shared.chmod(0o1777)
    assert replaced_by(path) is None
    assert replaced_by(shared / "link") is None
    given = {"directory": shared, "link": shared / "link", "entry": shared / "below"}[whose]
    os.chown(given, 12345, -1, follow_symlinks=False)
    assert replaced_by(shared / "link" if whose == "link" else path) == (
        f"other users can write to the directory {shared}"
    )


@needs_root
def test_a_directory_of_somebody_elses_is_in_doubt(own_directory: Path) -> None:
    below = own_directory / "theirs"
    below.mkdir()
    path = kept(below)
    os.chown(below, 12345, 12345)
    assert doubt_of(path) == f"other users can write to the directory {below}"


def test_a_link_that_others_can_exchange_is_in_doubt_though_it_leads_to_a_file_of_ones_own(own_directory: Path) -> None:
    path = kept(own_directory)
    assert doubt_of(path) is None
    shared = own_directory / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    for target in (path, Path("../evening.plan")):
        link = shared / "link"
        link.symlink_to(target)
        assert doubt_of(link) == f"other users can write to the directory {shared}"
        link.unlink()


def test_a_link_among_ones_own_directories_is_beyond_doubt(own_directory: Path) -> None:
    path = kept(own_directory)
    (own_directory / "a").mkdir()
    (own_directory / "a" / "link").symlink_to("../evening.plan")
    (own_directory / "b").symlink_to(own_directory / "a")
    assert doubt_of(own_directory / "b" / "link") is None
    assert doubt_of(own_directory / "b" / ".." / path.name) is None


def test_what_was_judged_is_what_is_read_though_its_name_leads_elsewhere_by_then(own_directory: Path) -> None:
    path = kept(own_directory)
    opened = own_file.open_own(path)
    other = own_directory / "other"
    other.write_text("evil")
    other.replace(path)
    try:
        assert own_file.read(path, opened.descriptor, 100) == b"{}"
    finally:
        os.close(opened.descriptor)


def test_what_is_no_regular_file_is_one_line_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    cases = {
        "fifo": "is not a regular file: name a file",
        "loop": "Too many levels of symbolic links",
        "none": "No such file or directory",
        "none/deeper": "No such file or directory",
        "fifo/deeper": "Not a directory",
        "\0": "embedded null byte",
        ".": "Is a directory: name a file",
    }
    for name, said in cases.items():
        with pytest.raises(UserError) as refused:
            own_file.open_own(tmp_path / name)
        assert str(refused.value) == f"{tmp_path / name}: {said}"
    for name in ("fifo", "loop", "none", "\0", "."):
        with pytest.raises(UserError, match=cases[name]):
            own_file.open_any(tmp_path / name)
    with pytest.raises(UserError, match="is not a regular file"):
        own_file.open_own(Path("/dev/zero"))


def test_a_file_of_any_length_costs_no_memory() -> None:
    with tempfile.NamedTemporaryFile() as file:
        os.truncate(file.name, 10**12)
        descriptor = own_file.open_any(Path(file.name))
        with pytest.raises(UserError, match="has 1000000000000 bytes; the limit is 1000"):
            own_file.read(Path(file.name), descriptor, 1000)
        os.close(descriptor)


def test_a_file_that_would_be_millions_of_values_is_refused_by_count(tmp_path: Path) -> None:
    path = tmp_path / "many"
    path.write_bytes(b"[" + b"{}," * 1000)
    descriptor = own_file.open_any(path)
    assert len(own_file.read(path, descriptor, 10_000, 1000)) == 3001
    with pytest.raises(UserError, match="contains more values than preflight reads"):
        own_file.read(path, descriptor, 10_000, 999)
    os.close(descriptor)
