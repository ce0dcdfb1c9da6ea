"""`--list-hosts`: the hosts, what ssh makes of each name, and notes about hosts that were named twice."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from preflight.cli.hosts import ListHosts, fleet_of
from preflight.cli.options import takes
from preflight.commands.hosts import say_notes, show
from preflight.fleet.host import Fleet, FleetHost
from preflight.fleet.listing import Listing
from preflight.fleet.resolved import Resolved, resolved
from preflight.output.formats import render
from preflight.request.migration import Transport
from preflight.schema.hosts import HOSTS
from tests.case import RECORDED

ONE = FleetHost(name="kvm1", text="root@kvm1", origin="hosts.toml, group rack1", groups=("rack1", "dc1"))
BY_SSH = Resolved(hostname="10.0.0.1", user="root", port="22", jump="bastion")


def listed(host: FleetHost, by_ssh: Resolved | None = None) -> str:
    """Return the line of one host, without the column of its name."""
    found = {host.text: by_ssh} if by_ssh else {}
    return " ".join(render("hosts", "text", Listing(Fleet((host,)), found)).splitlines()[2].split()[1:])


def test_a_host_is_listed_with_what_ssh_makes_of_its_name() -> None:
    assert listed(ONE, BY_SSH) == "root@10.0.0.1:22 through bastion rack1 dc1 hosts.toml, group rack1"


@pytest.mark.parametrize(
    ("changed", "by_ssh", "reached"),
    [
        ({}, Resolved(hostname="2001:db8::1", user="root", port="22"), "root@[2001:db8::1]:22"),
        ({"transport": Transport.TLS}, Resolved(hostname="a", user="b", port="22"), "b@a:22, libvirt over tls"),
        ({}, Resolved(failure="Bad owner\x1b[2J"), "unknown: Bad owner\\x1b[2J"),
        ({}, None, "this machine"),
        ({"snapshot": Path("a.json"), "text": "a.json"}, None, "snapshot a.json"),
        ({"snapshot": Path("a.json"), "text": "a.json", "taken": 60.0}, None, "snapshot a.json, 1970-01-01 00:01 UTC"),
    ],
)
def test_each_way_to_a_host_is_in_words(changed: dict[str, Any], by_ssh: Resolved | None, reached: str) -> None:
    host = FleetHost(**{"name": "kvm1", "text": "kvm1", "origin": "x", **changed})
    assert listed(host, by_ssh) == f"{reached} x"


def test_json_is_a_document_of_its_schema() -> None:
    text = render("hosts", "json", Listing(Fleet((ONE,), ("a note",)), {ONE.text: BY_SSH}))
    read = HOSTS.validate_json(text)
    assert (read.hosts[0].name, read.hosts[0].groups, read.notes) == ("kvm1", ("rack1", "dc1"), ("a note",))
    assert read.hosts[0].ssh is not None
    assert read.hosts[0].ssh.jump == "bastion"


def test_ssh_itself_is_asked_and_only_about_hosts_that_it_reaches() -> None:
    found = resolved(["preflight@kvm1.example.com", "ssh://kvm2.example.com:2222", "localhost", "qemu:///system"])
    assert set(found) == {"preflight@kvm1.example.com", "ssh://kvm2.example.com:2222"}
    one, two = found["preflight@kvm1.example.com"], found["ssh://kvm2.example.com:2222"]
    assert (one.hostname, one.user, one.failure) == ("kvm1.example.com", "preflight", "")
    assert (two.hostname, two.port) == ("kvm2.example.com", "2222")


def program(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    made = directory / "ssh"
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory), prepend=":")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'line 3: Bad configuration option: foo' >&2; exit 255", "line 3: Bad configuration option: foo"),
        ("exit 255", "ssh -G: exit code 255"),
        ("exec sleep 20", "ssh -G did not end within 0.2 s"),
    ],
)
def test_an_ssh_that_gives_no_answer_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    monkeypatch.setattr("preflight.fleet.resolved.PATIENCE", 0.2)
    program(tmp_path, monkeypatch, script)
    began = time.monotonic()
    assert resolved(["kvm1"])["kvm1"].failure == why
    assert time.monotonic() - began < 5


def test_an_argument_never_becomes_an_option_of_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, f'printf "%s\\n" "$@" > {tmp_path}/given')
    resolved(["kvm1"])
    assert (tmp_path / "given").read_text().split() == ["-G", "--", "kvm1"]


app = typer.Typer()


@app.command()
@takes("fleet", fleet_of)
def audit(*, fleet: Fleet, list_hosts: ListHosts = False, output_format: str = "text") -> None:
    """Stand for a command that is about many hosts."""
    assert list_hosts
    show(fleet, output_format)
    say_notes(fleet)


def called(*arguments: str, typed: str = "") -> Any:
    return CliRunner().invoke(app, ["--list-hosts", *arguments], input=typed)


def names(text: str) -> Sequence[str]:
    return [one["name"] for one in json.loads(text)["hosts"]]


def test_a_command_takes_over_the_arguments_and_the_options() -> None:
    done = called("--output-format", "json", "kvm[1-2]", "-", str(RECORDED / "ready/host1.json"), typed="kvm9\n")
    assert done.exit_code == 0
    assert names(done.stdout) == ["kvm1", "kvm2", "kvm9", "host1.example.com"]


def test_notes_are_in_the_list_and_on_standard_error() -> None:
    done = called("kvm1,root@kvm1")
    note = "kvm1 is named twice, as kvm1 and as root@kvm1: the first is used"
    assert f"note: {note}\n1 host\n" in done.stdout
    assert done.stderr == f"preflight: {note}\n"


def test_a_format_for_reports_alone_is_refused() -> None:
    assert str(called("kvm1", "--output-format", "sarif").exception) == "--format: 'sarif' is not one of text, json"
