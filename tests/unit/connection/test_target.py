"""The forms in which a user may type a host."""

from pathlib import Path

import pytest

from preflight.connection.target import Kind, Target, TargetError, parse_target
from tests.case import RECORDED

OVER_SSH: dict[str, tuple[str, str, str]] = {
    # typed: what ssh takes, the bare host, libvirt's URI over ssh
    "host1": ("host1", "host1", "qemu+ssh://host1/system"),
    "host1.example.com": ("host1.example.com", "host1.example.com", "qemu+ssh://host1.example.com/system"),
    "root@host1": ("root@host1", "host1", "qemu+ssh://root@host1/system"),
    "My-Alias_1": ("My-Alias_1", "My-Alias_1", "qemu+ssh://My-Alias_1/system"),
    "192.0.2.1": ("192.0.2.1", "192.0.2.1", "qemu+ssh://192.0.2.1/system"),
    "2001:db8::1": ("2001:db8::1", "2001:db8::1", "qemu+ssh://[2001:db8::1]/system"),
    "[2001:db8::1]": ("2001:db8::1", "2001:db8::1", "qemu+ssh://[2001:db8::1]/system"),
    "root@2001:db8::1": ("root@2001:db8::1", "2001:db8::1", "qemu+ssh://root@[2001:db8::1]/system"),
    "first.last@corp@host1": ("first.last@corp@host1", "host1", "qemu+ssh://first.last%40corp@host1/system"),
    "corp\\me@host1": ("corp\\me@host1", "host1", "qemu+ssh://corp%5Cme@host1/system"),
    "root@localhost": ("root@localhost", "localhost", "qemu+ssh://root@localhost/system"),
    "127.0.0.1": ("127.0.0.1", "127.0.0.1", "qemu+ssh://127.0.0.1/system"),
    "höst": ("höst", "höst", "qemu+ssh://höst/system"),
}


@pytest.mark.parametrize(("typed", "meant"), OVER_SSH.items())
def test_names_and_addresses_are_for_ssh(typed: str, meant: tuple[str, str, str]) -> None:
    target = parse_target(typed)
    assert (target.text, target.kind, target.uri, target.transport) == (typed, Kind.SSH, None, None)
    assert (target.ssh, target.host, target.libvirt_uri("ssh")) == meant
    assert (target.port, target.keyfile, target.path) == (None, None, None)


URIS: dict[str, tuple[str, int | None, str | None, str]] = {
    # typed: what ssh takes, port and key for ssh, transport
    "qemu+ssh://host1/system": ("host1", None, None, "ssh"),
    "qemu+ssh://root@host1/system": ("root@host1", None, None, "ssh"),
    "qemu+ssh://root@host1:2222/system": ("root@host1", 2222, None, "ssh"),
    "qemu+ssh://Prod-Host1/system": ("Prod-Host1", None, None, "ssh"),
    "qemu+ssh://corp%5Cme@host1/system": ("corp\\me@host1", None, None, "ssh"),
    "qemu+ssh://root@[2001:db8::1]:2222/system": ("root@2001:db8::1", 2222, None, "ssh"),
    "qemu+ssh://[2001:db8::1]/system": ("2001:db8::1", None, None, "ssh"),
    "qemu+ssh://host1/system?keyfile=/root/.ssh/mig%20key": ("host1", None, "/root/.ssh/mig key", "ssh"),
    "qemu+ssh://host1/system?no_verify=1&keyfile=k": ("host1", None, "k", "ssh"),
    "qemu+tls://host1/system": ("host1", None, None, "tls"),
    "qemu://host1/system": ("host1", None, None, "tls"),
    "qemu+tls://host1:16515/system?pkipath=/p&keyfile=no": ("host1", None, None, "tls"),
    "qemu+tcp://[2001:db8::1]:16509/system": ("2001:db8::1", None, None, "tcp"),
}


@pytest.mark.parametrize(("typed", "meant"), URIS.items())
def test_libvirt_uris_are_taken_as_they_are(typed: str, meant: tuple[str, int | None, str | None, str]) -> None:
    target = parse_target(typed)
    assert (target.kind, target.uri, target.text) == (Kind.SSH, typed, typed)
    assert (target.ssh, target.port, target.keyfile, target.transport) == meant
    assert target.libvirt_uri(meant[3]) == typed


def test_an_ssh_uri_is_for_libvirts_system_daemon() -> None:
    target = parse_target("ssh://root@host1:2222")
    assert (target.ssh, target.port, target.uri, target.transport) == ("root@host1", 2222, None, "ssh")
    assert target.libvirt_uri("ssh") == "qemu+ssh://root@host1:2222/system"


@pytest.mark.parametrize("typed", ["localhost", "qemu:///system", "qemu+unix:///system"])
def test_this_machine(typed: str) -> None:
    target = parse_target(typed)
    assert (target.kind, target.ssh, target.host) == (Kind.LOCAL, None, "")
    assert (target.uri, target.transport) == ((None, None) if typed == "localhost" else (typed, "unix"))
    assert target.libvirt_uri("unix") == "qemu:///system"
    assert target.libvirt_uri("ssh", "/run/wrapper") == "qemu:///system"


def test_another_transport_than_typed_makes_another_uri() -> None:
    target = parse_target("qemu+ssh://root@host1:2222/system?keyfile=k")
    assert target.libvirt_uri("tls") == "qemu+tls://host1/system"
    assert parse_target("qemu+tls://host1:16515/system").libvirt_uri("ssh") == "qemu+ssh://host1/system"
    assert parse_target("2001:db8::1").libvirt_uri("tcp") == "qemu+tcp://[2001:db8::1]/system"


def test_libvirt_is_given_our_ssh() -> None:
    command = "/run/user/0/preflight-x y/ssh"
    assert parse_target("host1").libvirt_uri("ssh", command) == (
        "qemu+ssh://host1/system?command=/run/user/0/preflight-x%20y/ssh"
    )
    assert parse_target("qemu+ssh://host1/system?no_tty=1").libvirt_uri("ssh", "/c") == (
        "qemu+ssh://host1/system?no_tty=1&command=/c"
    )
    assert parse_target("qemu+tls://host1/system").libvirt_uri("tls", "/c") == "qemu+tls://host1/system"


def test_a_command_of_the_users_own_stays() -> None:
    typed = "qemu+ssh://host1/system?command=/opt/ssh"
    assert parse_target(typed).libvirt_uri("ssh", "/c") == typed


def test_a_snapshot_file_is_one_whatever_it_is_called(tmp_path: Path) -> None:
    path = RECORDED / "ready" / "host1.json"
    assert parse_target(str(path)) == Target(str(path), Kind.SNAPSHOT, path=path)
    (tmp_path / "pair").touch()
    assert parse_target(f"{tmp_path}/pair").kind is Kind.SNAPSHOT


def test_a_snapshot_file_beside_us_needs_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("host1.json").touch()
    Path("host1").touch()
    assert parse_target("host1.json").path == Path("host1.json")
    assert parse_target("host1").kind is Kind.SSH


REFUSED = {
    "": "is not a host",
    " ": "is not a host",
    "-oProxyCommand=touch /tmp/x": "is not a host",
    "-oProxyCommand=x": "is not a host",
    "-lroot@host1": "is not a host",
    "root@-oProxyCommand=x": "is not a host",
    "qemu+ssh://-oProxyCommand=x/system": "is not a host",
    "qemu+ssh://root@-oProxyCommand=x/system": "is not a host",
    "qemu+ssh://-oProxyCommand=x@host1/system": "is not a host",
    "ssh://-oProxyCommand=x": "is not a host",
    "root@": "is not a host",
    "@host1": "is not a host",
    "host 1": "is not a host",
    " host1": "is not a host",
    "host1\n": "is not a host",
    "host1\thost2": "is not a host",
    "host\x1b[1m": "is not a host",
    "host\u202e1": "is not a host",
    "qemu+ssh://ho st/system": "is not a host",
    "host1:22": "to give a port, write qemu+ssh://host:22/system",
    "[host1": "is not a host",
    "host1]": "is not a host",
    "[host1]:22": "is not a host",
    "xen://host1/system": "only the QEMU driver can migrate",
    "xen:///": "only the QEMU driver can migrate",
    "lxc:///system": "only the QEMU driver can migrate",
    "http://host1/system": "only the QEMU driver can migrate",
    "qemu:///session": "only guests of the system daemon can be checked",
    "qemu+ssh://host1/session": "only guests of the system daemon can be checked",
    "qemu+ssh://host1": "only guests of the system daemon can be checked",
    "qemu+ssh://host1/": "only guests of the system daemon can be checked",
    "qemu+ssh:///system": "the host is missing",
    "qemu+tls:///system": "the host is missing",
    "qemu+libssh2://host1/system": "the transport libssh2 is not one of ssh, tls, tcp",
    "qemu+unix://host1/system": "the transport unix is not one of ssh, tls, tcp",
    "qemu+ssh://host1:99999/system": "Port out of range",
    "qemu+ssh://host1:x/system": "Port could not be cast",
    "qemu+ssh://[2001:db8::1/system": "Invalid IPv6 URL",
    "/no/such/file": "no such snapshot file",
    "none.json": "no such snapshot file",
    "./": "a directory, not a snapshot file",
    "/dev/null": "not a regular file, so not a snapshot",
    "./" + "x" * 300: "File name too long",
}


@pytest.mark.parametrize(("typed", "why"), REFUSED.items())
def test_what_is_no_host_is_refused_in_one_line(typed: str, why: str) -> None:
    with pytest.raises(TargetError) as refusal:
        parse_target(typed)
    assert why in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


OF_A_SHELL = ["'", "`", '"', "$", ";", "&", "<", ">", "|", "(", ")", "{", "}", "\t", "\x1b", "\u202e"]


@pytest.mark.parametrize("character", [*OF_A_SHELL, "\\", ","])
def test_no_host_holds_what_a_shell_reads_in_a_proxy_command(character: str) -> None:
    for text in (f"h{character}x", f"root@h{character}x", f"qemu+ssh://h{character}x/system"):
        with pytest.raises(TargetError):
            parse_target(text)


@pytest.mark.parametrize("character", OF_A_SHELL)
def test_no_user_holds_what_a_shell_reads_in_a_proxy_command(character: str) -> None:
    for text in (f"u{character}x@h", f"ssh://u{character}x@h"):
        with pytest.raises(TargetError):
            parse_target(text)


@pytest.mark.parametrize(
    "text", ["DOMAIN\\user@host", "user@example.com@host", "host$@host", "h\u00f6st", "build_7", "a.b-c."]
)
def test_names_that_ssh_takes_are_taken(text: str) -> None:
    assert parse_target(text).ssh == text


def test_a_long_text_that_is_no_host_is_shown_in_part() -> None:
    with pytest.raises(TargetError) as refused:
        parse_target("x" * 100_000)
    assert len(str(refused.value)) < 120
