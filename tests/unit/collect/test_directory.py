"""Directories of configuration files: what is read, and what a hostile one cannot make preflight do."""

import os
import socket
from pathlib import Path

import pytest

from preflight.collect import directory
from preflight.connection.shell import RECORD_LIMIT
from preflight.errors import UserError
from tests.files import written


def read(where: Path) -> dict[str, directory.Directory]:
    return {host.name: host for host in directory.read(where)}


def test_each_directory_with_etc_is_a_host_and_others_are_none(tmp_path: Path) -> None:
    files = {"kvm2/etc/hosts": "a", "kvm1/etc/hosts": "b", "group_vars/all.yml": "c", ".git/etc/hosts": "d"}
    hosts = read(written(tmp_path, files))
    assert list(hosts) == ["kvm1", "kvm2"]
    assert hosts["kvm1"].answers.records["etc.hosts"].out == "b"
    assert hosts["kvm1"].files == {"/etc/hosts": f"{tmp_path}/kvm1/etc/hosts"}


def test_a_directory_with_etc_is_one_host(tmp_path: Path) -> None:
    hosts = read(written(tmp_path / "kvm7", {"etc/hosts": "a", "kvm1/etc/hosts": "b"}))
    assert list(hosts) == ["kvm7"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"README": ""}, "contains neither etc/ nor HOST/etc/"),
        ({"kvm1/etc/passwd.bak": ""}, "contains none of the files that preflight judges"),
    ],
)
def test_a_directory_without_anything_to_judge_is_refused(files: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        read(written(tmp_path, files))


@pytest.mark.parametrize("name", ["missing", "file", "\0"])
def test_what_is_no_directory_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError):
        read(tmp_path / name)


def test_a_link_within_the_directory_is_followed(tmp_path: Path) -> None:
    written(tmp_path, {"shared/hosts": "a", "kvm1/etc/nsswitch.conf": "b"})
    (tmp_path / "kvm1/etc/hosts").symlink_to("../../shared/hosts")
    assert read(tmp_path)["kvm1"].answers.records["etc.hosts"].out == "a"


def refused(where: Path, record: str = "etc.hosts") -> str:
    host = read(where)["kvm1"]
    assert record not in host.answers.records
    return host.answers.absent[record]


@pytest.mark.parametrize(
    "target", ["/etc/hosts", "../../../elsewhere", "/proc/self/environ", "/proc/self/root/etc/hosts"]
)
def test_a_link_that_leads_out_is_not_followed(target: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("secret")
    where = written(tmp_path / "dir", {"kvm1/etc/nsswitch.conf": "b"})
    (where / "kvm1/etc/hosts").symlink_to(target)
    assert refused(where).endswith("leads out of the directory")


def test_a_host_that_leads_out_is_no_host(tmp_path: Path) -> None:
    written(tmp_path / "elsewhere", {"etc/hosts": "secret"})
    where = written(tmp_path / "dir", {"kvm1/etc/hosts": "a"})
    (where / "kvm2").symlink_to(tmp_path / "elsewhere")
    assert list(read(where)) == ["kvm1"]


def test_a_beginning_of_the_directorys_name_is_not_the_directory(tmp_path: Path) -> None:
    (tmp_path / "dir-of-others").write_text("secret")
    where = written(tmp_path / "dir", {"kvm1/etc/nsswitch.conf": "b"})
    (where / "kvm1/etc/hosts").symlink_to(tmp_path / "dir-of-others")
    assert refused(where).endswith("leads out of the directory")


def test_a_fifo_a_socket_and_a_directory_are_not_opened(tmp_path: Path) -> None:
    where = written(tmp_path, {"kvm1/etc/machine-id": "b"})
    etc = where / "kvm1/etc"
    os.mkfifo(etc / "hosts")  # opening it would wait for a writer
    (etc / "nsswitch.conf").mkdir()
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(etc / "resolv.conf"))
    for record in ("etc.hosts", "nsswitch", "resolv"):
        assert refused(where, record).endswith("is not a regular file")


def test_a_loop_of_links_is_a_reason(tmp_path: Path) -> None:
    where = written(tmp_path, {"kvm1/etc/nsswitch.conf": "b"})
    (where / "kvm1/etc/hosts").symlink_to("hosts")
    assert refused(where).endswith(os.strerror(40))


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    where = written(tmp_path, {"kvm1/etc/nsswitch.conf": "b"})
    with (where / "kvm1/etc/hosts").open("wb") as file:
        file.truncate(RECORD_LIMIT + 1)  # a hole, which takes no space
    assert refused(where).endswith("a file may have 8 MiB, and all files of a host 64 MiB")


def test_all_files_of_a_host_are_limited(tmp_path: Path) -> None:
    names = [f"kvm1/etc/ssh/sshd_config.d/{number}.conf" for number in range(9)]
    where = written(tmp_path, dict.fromkeys(names, b"#" * RECORD_LIMIT))
    assert refused(where, "sshd_config").endswith("all files of a host 64 MiB")


def test_sshds_files_are_put_together_as_a_host_answers(tmp_path: Path) -> None:
    files = {"kvm1/etc/ssh/sshd_config": "Port 22\n", "kvm1/etc/ssh/sshd_config.d/a.conf": "Port 23\n"}
    record = read(written(tmp_path, files))["kvm1"].answers.records["sshd_config"]
    assert record.out == "\x1f/etc/ssh/sshd_config\nPort 22\n\x1f/etc/ssh/sshd_config.d/a.conf\nPort 23\n"


def test_a_name_that_would_pass_for_another_file_is_not_read(tmp_path: Path) -> None:
    files = {"kvm1/etc/hosts": "a", "kvm1/etc/ssh/sshd_config.d/x\x1f\n.conf": "Port 23\n"}
    assert refused(written(tmp_path, files), "sshd_config").endswith("the name of the file cannot be shown")


def test_secrets_are_blanked_out(tmp_path: Path) -> None:
    files = {"kvm1/etc/libvirt/qemu.conf": 'vnc_password = "hunter2"\n'}
    assert "hunter2" not in str(read(written(tmp_path, files))["kvm1"].answers.records)


def test_bytes_that_are_no_text_are_shown_as_escapes(tmp_path: Path) -> None:
    etc = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n/etc"))
    etc.mkdir(parents=True)
    (etc / "hosts").write_bytes(b"\xff\n")
    (found,) = directory.read(tmp_path)
    assert found.name.isprintable()
    assert found.answers.records["etc.hosts"].out == "\\xff\n"
