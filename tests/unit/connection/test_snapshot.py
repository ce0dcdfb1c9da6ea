"""Snapshots: written whole or not at all, and read whole or refused in one line."""

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from preflight.answers import MISSING, Answers, Record, SavedHost, Taken
from preflight.connection import snapshot
from preflight.connection.snapshot import SnapshotError
from tests.case import RECORDED

HOST = SavedHost(
    "root@host1",
    Answers(
        {"b": Record("out\n\0\x1b[1m Zürich \u202e \\xff", 3, "err"), "a": Record("", MISSING)},
        {"": "login to host1 failed: no", "c": "no answer within 60 s"},
    ),
)


def refused(path: Path) -> str:
    with pytest.raises(SnapshotError) as refusal:
        snapshot.read(path)
    text = str(refusal.value)
    assert text.startswith(f"{path}: ")
    assert len(text.splitlines()) == 1
    assert text.isprintable()
    return text.removeprefix(f"{path}: ")


def document(**changed: Any) -> dict[str, Any]:
    host = {"name": "h", "records": {"a": ["out", 0, "err"]}, "absent": {"b": "why"}}
    return {"preflight_snapshot": 1, "hosts": [host | changed]}


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    snapshot.write(tmp_path / "s.json", [HOST, HOST])
    assert snapshot.read(tmp_path / "s.json") == [HOST, HOST]


def test_the_same_answers_give_the_same_bytes(tmp_path: Path) -> None:
    turned = Answers(dict(reversed(HOST.answers.records.items())), dict(reversed(HOST.answers.absent.items())))
    snapshot.write(tmp_path / "one", [HOST])
    snapshot.write(tmp_path / "two", [SavedHost(HOST.name, turned)])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*/*.json")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_recorded_hosts_go_round(path: Path, tmp_path: Path) -> None:
    hosts = snapshot.read(path)
    snapshot.write(tmp_path / "again.json", hosts)
    assert snapshot.read(tmp_path / "again.json") == hosts


def test_a_snapshot_of_the_former_format_is_read(tmp_path: Path) -> None:
    path = tmp_path / "former.json"
    host = {"name": "h", "records": {"a": ["out", 0, "err"]}, "absent": {"b": "why"}}
    path.write_text(json.dumps({"preflight_snapshot": 1, "hosts": [host]}, indent=1))
    assert snapshot.read(path) == [SavedHost("h", Answers({"a": Record("out", 0, "err")}, {"b": "why"}))]
    path.write_text(json.dumps({"preflight_snapshot": 1, "hosts": [host | {"more": 1}]}))  # by a later release
    assert snapshot.read(path)[0].answers.records == {"a": Record("out", 0, "err")}
    del host["absent"]
    path.write_text(json.dumps({"preflight_snapshot": 1, "hosts": [host]}))
    assert refused(path) == "not a whole snapshot: it contains no answers of 'h'; take one with `preflight snapshot`"


def test_a_newer_format_is_refused_by_its_number(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(document() | {"preflight_snapshot": 3}))
    assert (
        refused(tmp_path / "s.json")
        == "snapshot format '3', this preflight reads 1 and 2; take one with `preflight snapshot`"
    )


def test_who_took_it_and_of_which_peers_is_read_again(tmp_path: Path) -> None:
    made = Taken(1_800_000_000, "control", "root", "0.1.0", (("example", "1.2"),))
    taken = SavedHost("h", Answers({"etc.hosts": Record("127.0.0.1 localhost\n")}), ("host2", "host3"), made)
    snapshot.write(tmp_path / "s.json", [taken], made)
    assert snapshot.read(tmp_path / "s.json") == [taken]


def test_the_files_that_were_read_are_written_with_their_digests(tmp_path: Path) -> None:
    records = {
        "etc.hosts": Record("127.0.0.1 localhost\n"),
        "qemu.conf": Record('vnc_password = "***"\n'),
        "virtqemud.conf": Record("", MISSING),
        "sshd_config": Record("\x1f/etc/ssh/sshd_config\nUseDNS no\n\x1f/etc/ssh/sshd_config.d/a.conf\n"),
        "libvirt-files": Record("\x1f/etc/libvirt/network.conf\na = 1\n\x1e0\n\x1f/etc/libvirt/libvirt.conf\n\x1e44\n"),
    }
    snapshot.write(tmp_path / "s.json", [SavedHost("h", Answers(records))])
    (host,) = json.loads((tmp_path / "s.json").read_text())["hosts"]
    assert {path: file["redacted"] for path, file in host["files"].items()} == {
        "/etc/hosts": False,
        "/etc/libvirt/network.conf": False,
        "/etc/libvirt/qemu.conf": True,
        "/etc/ssh/sshd_config": False,
        "/etc/ssh/sshd_config.d/a.conf": False,
    }
    for path, text in (("/etc/hosts", "127.0.0.1 localhost\n"), ("/etc/libvirt/network.conf", "a = 1\n")):
        assert host["files"][path]["sha256"] == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("links", [True, False])
def test_a_file_of_another_time_is_replaced_only_on_request(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.json"
    if not links:

        def none(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(Path, "hardlink_to", none)
    snapshot.write(path, [HOST], overwrite=False)
    before = path.read_bytes()
    with pytest.raises(
        SnapshotError, match="there is such a file already; choose another name, or replace it with --overwrite"
    ):
        snapshot.write(path, [HOST, HOST], overwrite=False)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["s.json"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    snapshot.write(path, [HOST, HOST], overwrite=True)
    assert snapshot.read(path) == [HOST, HOST]


def test_half_a_file_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = RECORDED / "ready" / "host1.json"
    content = whole.read_bytes().rstrip()
    cut = tmp_path / "cut.json"
    for size in (*range(80), *range(80, len(content), len(content) // 150), len(content) - 1):
        cut.write_bytes(content[:size])
        assert refused(cut).startswith("not a whole snapshot")


@pytest.mark.parametrize("number", [0, 3, "1", None, 1.5, [], {"\x1b[1m": "\n"}])
def test_another_format_is_refused(tmp_path: Path, number: object) -> None:
    (tmp_path / "s.json").write_text(json.dumps(document() | {"preflight_snapshot": number}))
    assert refused(tmp_path / "s.json").startswith("snapshot format ")


@pytest.mark.parametrize("text", ["[]", "1", '"x"', "null", "{}", '{"hosts": []}'])
def test_other_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.json").write_text(text)
    assert refused(tmp_path / "s.json") == "not a snapshot made by preflight; take one with `preflight snapshot`"


WRONG: dict[str, dict[str, Any]] = {
    "no records": {"records": None},
    "a list of records": {"records": [["a", "out", 0, "err"]]},
    "a record of two": {"records": {"a": ["out", 0]}},
    "a record of four": {"records": {"a": ["out", 0, "err", 1]}},
    "a record that is a text": {"records": {"a": "out"}},
    "an output that is a number": {"records": {"a": [1, 0, ""]}},
    "a code that is a text": {"records": {"a": ["", "0", ""]}},
    "a code that is a fraction": {"records": {"a": ["", 0.5, ""]}},
    "an error that is none": {"records": {"a": ["", 0, None]}},
    "a record whose name would break the line": {"records": {"a\n\x1b[1m": ["", "0", ""]}},
    "reasons in a list": {"absent": ["a"]},
    "no reasons": {"absent": None},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG.keys())
def test_wrong_types_are_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    (tmp_path / "s.json").write_text(json.dumps(document(**changed)))
    assert refused(tmp_path / "s.json").startswith("not a whole snapshot")


@pytest.mark.parametrize("hosts", [None, 1, "abc", {"a": 1}, [], [1], [None], [[]], [{}]])
def test_what_is_no_list_of_hosts_is_refused(tmp_path: Path, hosts: object) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"preflight_snapshot": 1, "hosts": hosts}))
    assert refused(tmp_path / "s.json").startswith("not a whole snapshot")


@pytest.mark.parametrize("key", ["name", "records", "absent"])
def test_a_host_without_one_of_its_parts_is_refused(tmp_path: Path, key: str) -> None:
    without = document()
    del without["hosts"][0][key]
    (tmp_path / "s.json").write_text(json.dumps(without))
    why = "a host in it has no name" if key == "name" else "it contains no answers of 'h'"
    assert refused(tmp_path / "s.json") == f"not a whole snapshot: {why}; take one with `preflight snapshot`"


def test_no_word_of_pythons_tells_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text('{"preflight_snapshot": 1}')
    assert refused(path) == "not a whole snapshot: it contains no host; take one with `preflight snapshot`"
    path.write_text('{"preflight_snapshot": 1,')
    assert refused(path) == "not a whole snapshot: not JSON at line 1, column 26; take one with `preflight snapshot`"
    path.write_text(json.dumps(document(records={"a": ["", "0", ""]})))
    step = "take one with `preflight snapshot`"
    said = "the answer 'a' of 'h' does not consist of text, code and text"
    assert refused(path) == f"not a whole snapshot: {said}; {step}"


@pytest.mark.parametrize("name", ["", "-oProxyCommand=x", "a b", "/etc/passwd", "none.json", 1, None])
def test_a_host_in_it_whose_name_is_none_is_refused(tmp_path: Path, name: object) -> None:
    (tmp_path / "s.json").write_text(json.dumps(document(name=name)))
    said = refused(tmp_path / "s.json")
    assert said.startswith(
        ("not a whole snapshot: the name of a host in it", "not a whole snapshot: a host in it has no")
    )


def test_a_mark_at_its_beginning_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(document()), encoding="utf-8-sig")
    assert snapshot.read(tmp_path / "s.json")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(b"\xff\xfe\x00{")
    assert refused(tmp_path / "s.json").startswith("not a whole snapshot")


def test_a_bottomless_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("[" * 200_000)
    assert refused(tmp_path / "s.json").startswith("not a whole snapshot")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.json") == "No such file or directory"
    assert refused(tmp_path) == "Is a directory: name a file"


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        snapshot.write(tmp_path / "s.json", [HOST])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "s.json").stat().st_mode) == 0o600


def test_an_older_file_is_replaced_and_loses_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text("older")
    path.chmod(0o666)
    snapshot.write(path, [HOST])
    assert snapshot.read(path) == [HOST]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]


def test_a_link_is_replaced_and_what_it_led_to_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "s.json").symlink_to(tmp_path / "elsewhere")
    snapshot.write(tmp_path / "s.json", [HOST])
    assert (tmp_path / "elsewhere").read_text() == "precious"
    assert not (tmp_path / "s.json").is_symlink()
    assert snapshot.read(tmp_path / "s.json") == [HOST]


def test_a_link_to_a_snapshot_is_read(tmp_path: Path) -> None:
    snapshot.write(tmp_path / "s.json", [HOST])
    (tmp_path / "link").symlink_to("s.json")
    assert snapshot.read(tmp_path / "link") == [HOST]


def not_written(path: Path) -> str:
    with pytest.raises(SnapshotError) as refusal:
        snapshot.write(path, [HOST])
    return str(refusal.value).removeprefix(f"{path}: ")


def test_a_folder_that_does_not_exist_is_said_so(tmp_path: Path) -> None:
    assert not_written(tmp_path / "none" / "s.json") == "No such file or directory"
    (tmp_path / "file").touch()
    assert not_written(tmp_path / "file" / "s.json") == "Not a directory"


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "s.json").mkdir()
    assert not_written(tmp_path / "s.json") == "is not a regular file, and is not replaced"
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]


def test_a_device_or_pipe_is_not_replaced(tmp_path: Path) -> None:
    """If run as root, `--save /dev/stdout` would otherwise replace /dev/stdout for all programs."""
    os.mkfifo(tmp_path / "pipe")
    assert not_written(tmp_path / "pipe") == "is not a regular file, and is not replaced"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_nothing_is_left_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert not_written(tmp_path / "s.json") == "No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_a_snapshot_of_any_length_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.touch()
    os.truncate(path, 10**9)
    assert refused(path) == "has 1000000000 bytes; the limit is 67108864: name another file"


def test_a_snapshot_of_millions_of_values_is_refused_by_their_count(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(b'{"preflight_snapshot": 1, "hosts": [' + b"{}," * 3_000_000 + b"{}]}")
    assert refused(path) == "contains more values than preflight reads: name another file"


def test_a_long_snapshot_that_preflight_did_not_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_bytes("\U0001f600".encode() + b" " * 40_000_000)
    assert refused(path) == "not a whole snapshot: preflight writes only ASCII; take one with `preflight snapshot`"


def test_a_snapshot_is_not_waited_for_where_it_is_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "s.json")
    assert refused(tmp_path / "s.json") == "is not a regular file: name a file"
