"""`preflight lint` as a command: what it takes, its exit codes, and where its reports go."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from preflight.answers import SavedHost
from preflight.cli.app import with_commands
from preflight.connection import snapshot
from tests.case import RECORDED
from tests.files import written

READY = RECORDED / "ready"


def lint(*words: str | Path) -> Result:
    return CliRunner().invoke(with_commands("lint"), ["lint", *map(str, words)])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name hosts, or give --files DIR"),
        (("host1", "--files", "hosts"), "name hosts, or give --files DIR, but not both"),
        (("--files", "/no/such"), "/no/such: No such file or directory"),
        (("./no.json",), "./no.json: no such snapshot file; take one with `preflight snapshot`"),
        (("--files", ".", "--format", "ansible"), "--format: 'ansible' is not one of"),
        (("--files", ".", "--report", "sarif"), "--report: 'sarif' is not FORMAT=PATH"),
    ],
)
def test_what_cannot_be_used_is_refused(words: tuple[str, ...], said: str) -> None:
    done = lint(*words)
    assert str(done.exception).startswith(said)


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        ("max_clients = 5000\n", (), 0),
        ("max_clients = {{ n }}\n", (), 1),
        ("max_clients = {{ n }}\n", ("--exit-zero",), 0),
        ("max_clients = {{ n }}\n", ("--ignore", "files"), 2),
        ("max_clients = {{ n }}\n", ("--ignore", "template-not-rendered"), 0),
        ("max_clients = {{ n }}\n", ("--severity", "template-not-rendered=warning"), 0),
        ("max_clients = {{ n }}\n", ("--severity", "template-not-rendered=warning", "--fail-on", "warning"), 1),
    ],
)
def test_the_exit_code_is_that_of_the_verdict(text: str, options: tuple[str, ...], code: int, tmp_path: Path) -> None:
    written(tmp_path, {"kvm1/etc/libvirt/libvirtd.conf": text})
    done = lint("--files", tmp_path, *options)
    assert (2 if done.exception and not isinstance(done.exception, SystemExit) else done.exit_code) == code


def test_what_cannot_be_read_makes_three(tmp_path: Path) -> None:
    written(tmp_path, {"kvm1/etc/nsswitch.conf": "hosts: files\n"})
    (tmp_path / "kvm1/etc/hosts").symlink_to("/etc/hosts")
    assert lint("--files", tmp_path).exit_code == 3
    assert lint("--files", tmp_path, "--unknown", "warn").exit_code == 0


def test_a_snapshot_is_a_host_and_a_file_of_two_is_both(tmp_path: Path) -> None:
    both = tmp_path / "both.json"
    hosts: list[SavedHost] = [*snapshot.read(READY / "host1.json"), *snapshot.read(READY / "host2.json")]
    snapshot.write(both, hosts)
    done = lint(both, READY / "host1.json", "--format", "json")
    document = json.loads(done.stdout)
    assert [host["host"]["name"] for host in document["hosts"]] == [
        "host1.example.com",
        "host2.example.com",
        "host1.example.com",
    ]
    assert {host["origin"] for host in document["hosts"]} == {"snapshot"}
    assert done.exit_code == document["exit_code"]


def test_a_report_goes_to_files_too(tmp_path: Path) -> None:
    written(tmp_path / "hosts", {"kvm1/etc/hosts": "127.0.0.1 localhost\n"})
    done = lint(
        "--files", tmp_path / "hosts", "--report", f"junit={tmp_path}/a.xml", "--report", f"html={tmp_path}/a.html"
    )
    assert done.exit_code == 0
    assert b"<testsuite " in (tmp_path / "a.xml").read_bytes()
    assert b"READY" in (tmp_path / "a.html").read_bytes()
