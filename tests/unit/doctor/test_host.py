"""What the answers of a host say about its login: each right, each program, and what mends it."""

import json

import pytest

from preflight.answers import Answers, Record
from preflight.collect.sources import make_host
from preflight.connection.target import parse_target
from preflight.doctor.diagnosis import Item, State
from preflight.doctor.host import items
from preflight.request.migration import Role

URI = "qemu+ssh://alice@kvm1/system"
NO_SUDO = Record("", 1, "sudo: a password is required")
#: Of a user who may do everything.
ANSWERS = {
    "login": Record(""),
    "session": Record("user alice\nuid 1000\nfrom 192.0.2.1\n"),
    "os-release": Record('ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'),
    "openssh": Record("OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.17\n"),
    "may.root": Record(""),
    "may.qemu.conf": Record(""),
    "may.sshd": Record(""),
    "may.firewall": Record(""),
    "may.limits": Record("daemon libvirtd\nnclients_max : 5000\n"),
    "programs": Record(""),
    "libvirt.connect": Record(json.dumps({"uri": URI, "error": None})),
    "libvirt.versions": Record(json.dumps({"libvirt": 9000000, "hypervisor": 7002000, "type": "QEMU"})),
}


def of(host: str = "alice@kvm1", /, **changed: Record | None) -> dict[str, Item]:
    """Return the items of a host by name, with some answers changed; None for one that did not arrive."""
    answers = ANSWERS | {name.replace("_", "."): record for name, record in changed.items()}
    given = {name: record for name, record in answers.items() if record is not None}
    absent = {name: "no answer within 60 s" for name, record in answers.items() if record is None}
    return {item.name: item for item in items(parse_target(host), make_host(Role.SOURCE, host, Answers(given, absent)))}


def test_a_user_who_may_do_everything_lacks_nothing() -> None:
    found = of()
    assert {item.state for item in found.values()} == {State.OK}
    assert not any(item.mend for item in found.values())
    assert found["login"].message == "alice from 192.0.2.1; Debian GNU/Linux 12 (bookworm); OpenSSH_9.2p1 Debian-2"
    assert found["libvirt"].message == f"{URI}: libvirt 9.0.0, QEMU 7.2.0"
    assert found["virt-admin"].message == "can ask libvirtd"


def test_without_sudo_each_right_is_limited_and_one_mend_is_enough() -> None:
    found = of(
        may_root=NO_SUDO, may_sshd=NO_SUDO, may_firewall=NO_SUDO, may_limits=Record("daemon libvirtd\nfailed 1\n")
    )
    limited = {item.name for item in found.values() if item.state is State.LIMITED}
    assert limited == {"root's rights", "sshd", "firewall", "virt-admin"}
    assert [item.name for item in found.values() if item.mend] == ["root's rights"]
    assert "alice ALL=(root) NOPASSWD: ALL" in found["root's rights"].mend
    assert "ssh -t alice@kvm1 sudo visudo" in found["root's rights"].mend


@pytest.mark.parametrize(
    ("err", "mend"),
    [
        ("ssh: Could not resolve hostname kvm1: Name or service not known", "ssh alice@kvm1 true"),
        ("alice@kvm1: Permission denied (publickey).", "ssh-copy-id alice@kvm1"),
        ("Host key verification failed.", "ssh alice@kvm1 true"),
        ("kex_exchange_identification: Connection closed by remote host", "preflight lint alice@kvm1, in a while:"),
    ],
)
def test_a_login_that_fails_is_all_that_is_said(err: str, mend: str) -> None:
    found = of(login=Record("", 255, err))
    assert list(found) == ["login"]
    assert found["login"].state is State.MISSING
    assert found["login"].message == err
    assert found["login"].mend.startswith(mend)


def test_the_port_and_the_key_of_a_uri_are_in_the_command() -> None:
    found = of("qemu+ssh://kvm1:2222/system?keyfile=/k y", login=Record("", 255, "Permission denied (publickey)."))
    assert found["login"].mend == "ssh-copy-id -p 2222 -i '/k y' kvm1"


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        ("authentication unavailable: no polkit agent available", "as root on the host: usermod -aG libvirt alice"),
        ("Failed to connect socket to '/run/x': Permission denied", "as root on the host: usermod -aG libvirt alice"),
        ("Failed to connect socket to '/run/x': Connection refused", "ssh alice@kvm1 sudo systemctl status libvirtd"),
    ],
)
def test_a_libvirt_that_refuses_is_missing(error: str, mend: str) -> None:
    found = of(**{"libvirt.connect": Record(json.dumps({"uri": URI, "error": error}))})["libvirt"]
    assert (found.state, found.message) == (State.MISSING, error)
    assert found.mend.startswith(mend)


def test_a_libvirt_that_was_not_asked_is_this_machines_fault() -> None:
    answers = {name: record for name, record in ANSWERS.items() if not name.startswith("libvirt.")}
    host = make_host(Role.SOURCE, "kvm1", Answers(answers))
    (found,) = (item for item in items(parse_target("kvm1"), host) if item.name == "libvirt")
    assert (found.state, found.message) == (State.MISSING, "this machine's libvirt cannot be loaded: see above")


@pytest.mark.parametrize(
    ("system", "mend"),
    [
        ("debian", "ssh alice@kvm1 sudo apt install libvirt-clients util-linux"),
        ("fedora", "ssh alice@kvm1 sudo dnf install libvirt-client util-linux"),
        ("haiku", "install the packages that are called libvirt-clients util-linux in Debian, "),
    ],
)
def test_programs_are_installed_by_the_hosts_own_package_manager(system: str, mend: str) -> None:
    release = {"os-release": Record(f"ID={system}\n")}
    found = of(programs=Record("virt-admin\nflock\nrm -rf /\n"), **release)["programs"]
    assert (found.state, found.message) == (State.LIMITED, "not installed: virt-admin, flock")
    assert found.mend.startswith(mend)


def test_a_kernel_with_rules_needs_nft() -> None:
    found = of(may_firewall=Record("", 44))["firewall"]
    assert (found.state, found.mend) == (State.LIMITED, "ssh alice@kvm1 sudo apt install nftables")


def test_what_was_not_answered_is_limited_with_the_reason() -> None:
    found = of(may_root=None, may_limits=None, programs=None, may_sshd=Record("", 127, "sh: 5: sshd: not found"))
    said = {item.name: item.message for item in found.values() if item.state is State.LIMITED}
    assert said == {
        "root's rights": "no answer within 60 s",
        "virt-admin": "no answer within 60 s",
        "programs": "no answer within 60 s",
        "sshd": "not installed",
    }
    assert found["sshd"].mend == "ssh alice@kvm1 sudo apt install openssh-server"


def test_a_name_of_the_hosts_choice_is_in_no_command() -> None:
    hostile = Record("user $(reboot)\nuid 1000\nfrom 192.0.2.1\n")
    found = of(session=hostile, may_root=NO_SUDO, programs=Record("$(reboot)\n"))
    assert "reboot" not in " ".join(item.mend + item.message for item in found.values())
    assert found["login"].message.startswith("an unknown user from 192.0.2.1; ")
