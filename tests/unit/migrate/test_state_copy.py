"""The files of a guest that is off, copied by two real shells: whole, in place by one rename, or not at all."""

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from preflight.facts.fact import Record
from preflight.migrate.root_shell import FilesError
from preflight.migrate.state_copy import copy, is_same
from preflight.migrate.state_files import NVRAM, TPM, State
from preflight.shell_text import ShellText

from .shells import Host

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the scripts run as root's: as_root would ask sudo")

UUID = "0d3b6a5e-6f07-4b56-9c0a-5f2f3b1f9a11"
VARS = State(f"{NVRAM}/web's VARS.fd", is_directory=False, what="NVRAM", home=NVRAM)
STATE = State(f"{TPM}/{UUID}", is_directory=True, what="TPM state", home=TPM)
PERMALL = f"swtpm/{UUID}/tpm2/tpm2-00.permall"


@pytest.fixture(params=["dash", "bash"])
def hosts(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Host, Host]]:
    made = []
    for name in ("one", "two"):
        for home in ("qemu/nvram", "swtpm"):
            (tmp_path / name / home).mkdir(parents=True)
        made.append(Host(tmp_path / name, request.param))
    yield made[0], made[1]
    for host in made:
        host.channel.close()


def make_nvram(host: Host, content: bytes = bytes(range(256)) * 2048) -> Path:
    path = host.file("qemu/nvram/web's VARS.fd")
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def make_tpm(host: Host, content: bytes = b"secret") -> Path:
    path = host.file(PERMALL)
    path.parent.mkdir(parents=True)
    path.parent.parent.chmod(0o711)
    path.write_bytes(content)
    path.with_name(".lock").touch()
    return path


def unchanged(stat: os.stat_result) -> tuple[int, ...]:
    """Return the properties of a file that reading it does not change."""
    return stat.st_ino, stat.st_mode, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def everything(host: Host) -> list[str]:
    return sorted(str(path.relative_to(host.root)) for path in host.root.rglob("*") if not path.is_dir())


def test_a_file_is_copied_with_its_mode(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    content = make_nvram(one).read_bytes()
    assert copy(VARS, one, two)
    there = two.file("qemu/nvram/web's VARS.fd")
    assert there.read_bytes() == content
    assert there.stat().st_mode & 0o7777 == 0o600
    assert names(there.parent) == ["web's VARS.fd"], "nothing is left beside it"


def test_a_directory_is_copied_with_all_in_it(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    make_tpm(one)
    assert copy(STATE, one, two)
    assert two.file(PERMALL).read_bytes() == b"secret"
    assert two.file(f"swtpm/{UUID}").stat().st_mode & 0o7777 == 0o711
    assert is_same(STATE, one, two)
    assert names(two.file("swtpm")) == [UUID]


def test_a_file_belongs_to_whom_the_destinations_libvirt_would_give_it(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    os.chown(make_nvram(one), 4321, 4321)
    os.chown(two.file("qemu/nvram"), 64055, 64055)  # as libvirt does with its user when it starts
    assert copy(VARS, one, two)
    there = two.file("qemu/nvram/web's VARS.fd").stat()
    assert (there.st_uid, there.st_gid) == (64055, 64055)


def test_modes_bring_no_set_uid_nothing_that_all_may_write_and_no_program(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    make_nvram(one).chmod(0o6777)
    assert copy(VARS, one, two)
    assert two.file("qemu/nvram/web's VARS.fd").stat().st_mode & 0o7777 == 0o664


def test_what_was_there_is_kept_under_a_dated_name(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    make_nvram(one, b"new")
    make_nvram(two, b"old")
    assert copy(VARS, one, two)
    there = {path.name: path.read_bytes() for path in two.file("qemu/nvram").iterdir()}
    assert there.pop("web's VARS.fd") == b"new"
    ((name, content),) = there.items()
    assert re.fullmatch(r"web's VARS\.fd\.preflight-\d{8}T\d{6}", name)
    assert content == b"old"


def test_a_directory_that_was_there_is_kept_and_holds_the_sources_files_alone(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    make_tpm(one, b"new")
    old = make_tpm(two, b"old")
    (old.parent / "deeper").mkdir()
    (old.parent / "deeper/left").write_bytes(b"over")
    assert copy(STATE, one, two)
    assert is_same(STATE, one, two)
    kept, own = names(two.file("swtpm"))[::-1]
    assert own == UUID
    assert re.fullmatch(rf"{UUID}\.preflight-\d{{8}}T\d{{6}}", kept)
    assert two.file(f"swtpm/{kept}/tpm2/tpm2-00.permall").read_bytes() == b"old"
    assert two.file(f"swtpm/{kept}/tpm2/deeper/left").read_bytes() == b"over"


@pytest.mark.parametrize("state", [VARS, STATE], ids=["NVRAM", "TPM"])
def test_the_destination_never_lacks_its_old_file_whatever_command_it_is_cut_off_after(
    hosts: tuple[Host, Host], tmp_path: Path, state: State
) -> None:
    """Cut the script that puts things in place off after each of its mv, cp and rm in turn."""
    one, two = hosts
    for number in range(1, 9):
        for host, content in ((one, b"new"), (two, b"old")):
            host.root = tmp_path / f"{number}-{content.decode()}"
            for home in ("qemu/nvram", "swtpm"):
                host.file(home).mkdir(parents=True)
            make_nvram(host, content)
            make_tpm(host, content)
        place = two.file("qemu/nvram/web's VARS.fd" if state is VARS else PERMALL)
        counter = tmp_path / f"count-{number}"
        counter.write_text("0")
        cut = "".join(
            f'{word}() {{ command {word} "$@"; c=$(cat {counter}); echo $((c + 1)) >{counter};'
            f" [ $((c + 1)) -lt {number} ] || kill -9 $$; }}; "
            for word in ("mv", "cp", "rm")
        )

        def destination(command: ShellText, cut: str = cut) -> Record:
            return two(ShellText(command.replace("name=$3; date=", f"{cut}name=$3; date=")))

        try:
            copy(state, one, destination)
        except FilesError:
            assert place.read_bytes() in (b"old", b"new"), f"cut off after {number}"
            assert copy(state, one, two) or is_same(state, one, two)
            assert place.read_bytes() == b"new"
        else:
            assert number > 2
            return
    pytest.fail("the script was never let through")


def test_copying_again_changes_nothing(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    make_nvram(one)
    assert copy(VARS, one, two)
    assert copy(VARS, one, two)
    assert names(two.file("qemu/nvram")) == ["web's VARS.fd"]


def test_what_was_never_made_is_not_copied(hosts: tuple[Host, Host]) -> None:
    assert not copy(VARS, *hosts)
    assert is_same(VARS, *hosts)


# what the source has there may be anything


@pytest.mark.parametrize("dangling", [False, True])
@pytest.mark.parametrize("state", [VARS, STATE], ids=["NVRAM", "TPM"])
def test_a_link_at_the_source_is_no_state_and_refuses_the_move(
    hosts: tuple[Host, Host], tmp_path: Path, state: State, dangling: bool
) -> None:
    one, two = hosts
    real = make_nvram(one) if state is VARS else make_tpm(one).parent.parent
    real.rename(tmp_path / "elsewhere")
    real.symlink_to(tmp_path / ("nowhere" if dangling else "elsewhere"))
    with pytest.raises(FilesError, match="is a symbolic link: only regular files and directories are moved"):
        copy(state, one, two)
    with pytest.raises(FilesError):
        is_same(state, one, two)
    assert everything(two) == []


def _link(path: Path) -> None:
    path.symlink_to("/etc/shadow")


def _device(path: Path) -> None:
    os.mknod(path, stat.S_IFBLK | 0o666, os.makedev(1, 1))


@pytest.mark.parametrize("make", [_link, _device, os.mkfifo])
def test_a_special_file_inside_refuses_the_move(hosts: tuple[Host, Host], make: Callable[[Path], None]) -> None:
    one, two = hosts
    make(make_tpm(one).with_name("odd"))
    with pytest.raises(FilesError, match=r"tpm2/odd is a .*: only regular files and directories are moved"):
        copy(STATE, one, two)
    assert everything(two) == []


def test_a_hard_link_becomes_a_file_of_its_own(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    path = make_tpm(one)
    os.link(path, path.with_name("twin"))
    assert copy(STATE, one, two)
    assert {found.stat().st_nlink for found in two.file(PERMALL).parent.iterdir()} == {1}


def test_an_empty_directory_is_no_state(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    one.file(f"swtpm/{UUID}/tpm2").mkdir(parents=True)
    two.file(f"swtpm/{UUID}/tpm2").mkdir(parents=True)
    with pytest.raises(FilesError, match="contains no file"):
        copy(STATE, one, two)
    with pytest.raises(FilesError, match="contains no file"):
        is_same(STATE, one, two)


@pytest.mark.parametrize("what", ["name", "mode", "content", "type"])
def test_two_trees_that_differ_in_anything_are_not_the_same(hosts: tuple[Host, Host], what: str) -> None:
    one, two = hosts
    make_tpm(one)
    path = make_tpm(two)
    assert is_same(STATE, one, two)
    if what == "name":
        path.rename(path.with_name("another"))
    elif what == "mode":
        path.chmod(0o640)
    elif what == "content":
        path.write_bytes(b"Secret")
    else:
        path.with_name(".lock").unlink()
        path.with_name(".lock").mkdir()
    assert not is_same(STATE, one, two)


def test_gigabytes_are_no_state(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    with make_tpm(one).open("r+b") as file:
        file.truncate(3 << 30)
    with pytest.raises(FilesError, match="more than 134217728 bytes"):
        copy(STATE, one, two)


def test_a_thousand_files_are_no_state(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    path = make_tpm(one)
    for number in range(1000):
        path.with_name(f"n{number}").touch()
    with pytest.raises(FilesError, match="more than 64 files"):
        copy(STATE, one, two)


@pytest.mark.parametrize("name", ["new\nline", "back\\slash", "\x1b[2J"])
def test_names_that_no_line_can_hold_refuse_the_move(hosts: tuple[Host, Host], name: str) -> None:
    one, two = hosts
    make_tpm(one).with_name(name).write_bytes(b"x")
    with pytest.raises(FilesError, match="cannot be used"):
        copy(STATE, one, two)
    assert everything(two) == []


# what both hosts see


def test_what_both_hosts_see_is_left_alone(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    path = make_nvram(one)
    two.root = one.root
    before = unchanged(path.stat())
    assert not copy(VARS, one, two)
    assert unchanged(path.stat()) == before
    assert names(path.parent) == ["web's VARS.fd"]


@pytest.mark.parametrize("answer", [Record("", 255, "lost"), Record("", 1, "sudo: no"), Record("", 0), Record("hm", 0)])
def test_what_both_hosts_see_is_left_alone_where_only_that_cannot_be_told(
    hosts: tuple[Host, Host], answer: Record
) -> None:
    one, two = hosts
    path = make_nvram(one)
    two.root = one.root
    before = unchanged(path.stat())

    def silent(command: ShellText) -> Record:
        return answer if "echo both" in command else one(command)

    with pytest.raises(FilesError, match=r"web's VARS\.fd"):
        copy(VARS, silent, two)
    assert unchanged(path.stat()) == before
    assert names(path.parent) == ["web's VARS.fd"]


def test_what_both_hosts_see_yet_read_otherwise_is_left_alone(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    make_nvram(one, b"new")
    two.root = one.root

    def stale(command: ShellText) -> Record:
        answer = one(command)
        is_listing = "sha256sum" in command
        return Record(re.sub(r"(?m)^[0-9a-f]{64}", "0" * 64, answer.out)) if is_listing else answer

    with pytest.raises(FilesError, match="both hosts see it, but they read different"):
        copy(VARS, stale, two)
    assert one.file("qemu/nvram/web's VARS.fd").read_bytes() == b"new"
    assert names(one.file("qemu/nvram")) == ["web's VARS.fd"]


@pytest.mark.parametrize("same", [True, False])
def test_nothing_is_written_outside_of_libvirts_directories(
    hosts: tuple[Host, Host], tmp_path: Path, same: bool
) -> None:
    """The path of a definition is anybody's. What a person copied there by hand, or shared storage, is the same."""
    one, two = hosts
    for host, content in ((one, b"vars"), (two, b"vars" if same else b"others")):
        host.file("images").mkdir()
        host.file("images/web.fd").write_bytes(content)
    elsewhere = State("/var/lib/libvirt/images/web.fd", is_directory=False, what="NVRAM", home=None)
    if same:
        assert not copy(elsewhere, one, two)
    else:
        with pytest.raises(FilesError, match="outside libvirt's own directory"):
            copy(elsewhere, one, two)
    assert all("mkdir" not in command for command in two.asked)
    assert names(two.file("images")) == ["web.fd"]


# what fails on the way


def test_a_directory_that_cannot_be_read_is_not_taken_for_one_that_lacks_the_file(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    one.file("qemu/nvram").rmdir()
    one.file("qemu/nvram").symlink_to("nvram")  # ELOOP
    with pytest.raises(FilesError, match=r"could not be read: stat: .*Too many levels"):
        copy(VARS, one, two)


def test_a_destination_that_takes_nothing_is_named_and_left_as_it_was(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    make_nvram(one)
    two.file("qemu/nvram").rmdir()
    two.file("qemu/nvram").write_text("a file where a directory is to be")
    with pytest.raises(FilesError, match=r"on the destination, .*Not a directory"):
        copy(VARS, one, two)
    assert two.file("qemu/nvram").read_text() == "a file where a directory is to be"


@pytest.mark.parametrize("later", [b"second", b"a longer one than the first", b""])
def test_what_arrives_otherwise_than_it_was_read_is_refused(hosts: tuple[Host, Host], later: bytes) -> None:
    one, two = hosts
    path = make_nvram(one, b"first")

    def meanwhile(command: ShellText) -> Record:
        answer = one(command)
        if "sha256sum" in command:
            path.write_bytes(later)
        return answer

    with pytest.raises(FilesError, match="its size differs from the source's listing"):
        copy(VARS, meanwhile, two)
    assert everything(two) == []


@pytest.mark.parametrize("state", [VARS, STATE], ids=["NVRAM", "TPM"])
def test_a_link_on_the_destination_is_not_followed(hosts: tuple[Host, Host], tmp_path: Path, state: State) -> None:
    one, two = hosts
    make_nvram(one)
    make_tpm(one)
    precious = tmp_path / "precious"
    precious.write_text("precious")
    if state is VARS:
        two.file("qemu/nvram/web's VARS.fd").symlink_to(precious)
    else:
        two.file(f"swtpm/{UUID}").mkdir()
        two.file(f"swtpm/{UUID}/tpm2").symlink_to(tmp_path)
    with pytest.raises(FilesError, match=r"on the destination, .* is a symbolic link"):
        copy(state, one, two)
    assert precious.read_text() == "precious"


def test_a_link_that_qemus_user_puts_in_place_of_our_directory_leads_nowhere(
    hosts: tuple[Host, Host], tmp_path: Path
) -> None:
    one, two = hosts
    make_nvram(one)
    (trap := tmp_path / "trap").mkdir(mode=0o700)

    def destination(command: ShellText) -> Record:
        for own in two.file("qemu/nvram").glob(".preflight-*"):
            if not own.is_symlink():
                own.rmdir()
                own.symlink_to(trap)
        return two(command)

    with pytest.raises(FilesError, match="has changed since it was made"):
        copy(VARS, one, destination)
    assert names(trap) == []


def test_libvirts_directory_may_lie_behind_a_link_of_the_destinations_own(
    hosts: tuple[Host, Host], tmp_path: Path
) -> None:
    one, two = hosts
    make_tpm(one)
    make_tpm(two, b"old")
    two.file("swtpm").rename(tmp_path / "large")
    two.file("swtpm").symlink_to(tmp_path / "large")
    assert copy(STATE, one, two)
    assert (tmp_path / "large" / UUID / "tpm2/tpm2-00.permall").read_bytes() == b"secret"


def test_a_directory_that_all_users_may_write_to_takes_nothing(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    make_nvram(one)
    two.file("qemu/nvram").chmod(0o1777)
    with pytest.raises(FilesError, match="it is writable by all users"):
        copy(VARS, one, two)


def test_directories_of_runs_that_were_cut_off_go_and_those_of_others_stay(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    make_nvram(one)
    old, new = (two.file(f"qemu/nvram/.preflight-{digit * 16}") for digit in "01")
    for directory in (old, new):
        directory.mkdir()
        (directory / "part").touch()
    os.utime(old, (0, 0))
    assert copy(VARS, one, two)
    assert not old.exists()
    assert new.exists()
