"""Certificates of displays, character devices and NBD disks, by the settings of the destination."""

import json
from typing import Any

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from tests.case import Case

RULE = "device-tls-files-missing"
VNC = "<graphics type='vnc' port='-1' autoport='yes'/>"
SPICE = "<graphics type='spice' autoport='yes'/>"
SERIAL = "<serial type='tcp'><source mode='{mode}' host='127.0.0.1' service='5555'{more}/></serial>"
NBD = (
    "<disk type='network' device='disk'><driver name='qemu' type='raw'/>"
    "<source protocol='nbd'{more}><host name='192.0.2.1'/></source><target dev='vdz' bus='virtio'/></disk>"
)
SECRET = "fe7e2a24-97a5-4c83-9e9b-d5a8a1b1a6a1"


def file(path: str, *, there: bool) -> str:
    found = "stat 81a4 60 45 9 0:0" if there else f"stat: cannot statx '{path}': No such file or directory"
    return f"path {path}\n{found}\nfs ef53 4096 1\n"


def directory(path: str, *names: str) -> str:
    """Return what the host says of a directory that has these files of a TLS server, and lacks the others."""
    every = ("ca-cert.pem", "server-cert.pem", "server-key.pem")
    return file(path, there=bool(names)) + "".join(file(f"{path}/{one}", there=one in names) for one in every)


def case(device: str, conf: str, *directories: str, sent: str | None = None) -> Case:
    """Return the sound pair with this device; `sent` is the device in the XML that a migration sends."""

    def edit(guest: dict[str, Any]) -> None:
        live = guest["xml"]
        guest["xml"] = live.replace("</devices>", f"{device}</devices>")
        guest["sent"] = live.replace("</devices>", f"{device if sent is None else sent}</devices>")

    found = Case().guest(edit).destination("qemu.conf", conf)
    return found.destination("paths", lambda text: text + "".join(directories)) if directories else found


NOWHERE = directory("/etc/pki/libvirt-vnc"), directory("/etc/pki/qemu")
ALL = ("ca-cert.pem", "server-cert.pem", "server-key.pem")


def test_catches_a_display_without_certificates() -> None:
    result = case(VNC, "# TLS\nvnc_tls = 1\n", *NOWHERE).result(RULE)
    [finding] = result.findings
    assert (result.outcome, result.guest, finding.host) == (Outcome.FAILED, "web", Role.DESTINATION)
    assert finding.message == "/etc/pki/qemu/ca-cert.pem, which VNC needs for TLS, does not exist here"
    assert (
        finding.predicted_error == "Unable to access credentials /etc/pki/qemu/ca-cert.pem: No such file or directory"
    )
    assert finding.location is not None
    assert (finding.location.path, finding.location.line) == ("/etc/libvirt/qemu.conf", 2)


def test_catches_an_empty_directory_of_its_own_beside_a_full_one() -> None:
    there = file("/etc/pki/libvirt-vnc", there=True) + "".join(
        file(f"/etc/pki/libvirt-vnc/{one}", there=False) for one in ALL
    )
    [finding] = case(VNC, "vnc_tls = 1\n", there, directory("/etc/pki/qemu", *ALL)).result(RULE).findings
    assert finding.message.startswith("/etc/pki/libvirt-vnc/ca-cert.pem")


@pytest.mark.parametrize("missing", ALL)
def test_catches_each_file_of_the_directory_that_is_named(missing: str) -> None:
    rest = [one for one in ALL if one != missing]
    conf = 'vnc_tls = 1\nvnc_tls_x509_cert_dir = "/etc/tls"\n'
    [finding] = case(VNC, conf, directory("/etc/tls", *rest)).result(RULE).findings
    assert finding.message.startswith(f"/etc/tls/{missing}")


@pytest.mark.parametrize(
    ("device", "conf", "own"),
    [
        (SPICE, "spice_tls = 1\n", "/etc/pki/libvirt-spice"),
        (SERIAL.format(mode="bind", more=""), "chardev_tls = 1\n", "/etc/pki/libvirt-chardev"),
        (SERIAL.format(mode="connect", more=""), "chardev_tls = 1\n", "/etc/pki/libvirt-chardev"),
        (SERIAL.format(mode="bind", more=" tls='yes'"), "", "/etc/pki/libvirt-chardev"),
        (NBD.format(more=""), "nbd_tls = 1\n", "/etc/pki/libvirt-nbd"),
        (NBD.format(more=" tls='yes'"), "", "/etc/pki/libvirt-nbd"),
    ],
)
def test_catches_other_devices(device: str, conf: str, own: str) -> None:
    assert case(device, conf, directory(own), directory("/etc/pki/qemu")).result(RULE).outcome is Outcome.FAILED


def test_catches_spice_with_a_port_for_tls_where_it_is_off() -> None:
    fixed = "<graphics type='spice' port='5901' tlsPort='5902' autoport='no'/>"
    [finding] = case(fixed, "").result(RULE).findings
    assert finding.predicted_error == "spice TLS port set in XML configuration, but TLS is disabled in qemu.conf"


@pytest.mark.parametrize("key", ["vnc_tls_x509_secret_uuid", "default_tls_x509_secret_uuid"])
def test_catches_a_secret_that_libvirt_does_not_have(key: str) -> None:
    found = case(VNC, f'vnc_tls = 1\n{key} = "{SECRET}"\n', NOWHERE[0], directory("/etc/pki/qemu", *ALL))
    [finding] = found.destination("libvirt.secrets", json.dumps({"secrets": [], "error": None})).result(RULE).findings
    assert (finding.location.line if finding.location else 0) == 2
    assert SECRET in finding.message


def test_passes_with_the_secret() -> None:
    known = {"uuid": SECRET, "usage_type": 4, "usage": "tls", "ephemeral": False}
    conf = f'vnc_tls = 1\nvnc_tls_x509_secret_uuid = "{SECRET}"\n'
    found = case(VNC, conf, NOWHERE[0], directory("/etc/pki/qemu", *ALL))
    found.destination("libvirt.secrets", json.dumps({"secrets": [known], "error": None}))
    assert found.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("own", ["/etc/pki/libvirt-vnc", "/etc/pki/qemu"])
def test_passes_with_all_files(own: str) -> None:
    others = [directory(one) for one in ("/etc/pki/libvirt-vnc", "/etc/pki/qemu") if one != own]
    assert case(VNC, "vnc_tls = 1\n", directory(own, *ALL), *others).result(RULE).outcome is Outcome.PASSED


def test_passes_a_client_that_has_only_the_authority() -> None:
    device = SERIAL.format(mode="connect", more="")
    there = directory("/etc/pki/libvirt-chardev", "ca-cert.pem")
    assert case(device, "chardev_tls = 1\n", there).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("live", "sent"),
    [
        (SERIAL.format(mode="bind", more=" tls='yes'"), SERIAL.format(mode="bind", more="")),
        ("<graphics type='spice' autoport='yes' port='5900' tlsPort='5901'/>", SPICE),
        (NBD.format(more=" tls='yes'"), NBD.format(more="")),
    ],
)
def test_passes_what_came_from_the_sources_settings(live: str, sent: str) -> None:
    assert case(live, "", sent=sent).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("device", "conf"),
    [
        (VNC, "spice_tls = 1\n"),
        (SERIAL.format(mode="bind", more=" tls='no'"), "chardev_tls = 1\n"),
        (NBD.format(more=" tls='no'"), "nbd_tls = 1\n"),
        ("<graphics type='spice' autoport='yes' defaultMode='insecure'/>", "spice_tls = 1\n"),
        ("<graphics type='spice'><listen type='none'/></graphics>", "spice_tls = 1\n"),
        ("<serial type='pty'><target port='1'/></serial>", "chardev_tls = 1\n"),
    ],
)
def test_passes_devices_without_tls(device: str, conf: str) -> None:
    assert case(device, conf).result(RULE).outcome is Outcome.PASSED


def test_passes_over_guests_that_are_off() -> None:
    found = case(VNC, "vnc_tls = 1\n", *NOWHERE).asking(offline=True, guests=("web",))
    assert found.result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("record", ["qemu.conf", "daemons", "paths"])
def test_is_unknown_when_the_destination_did_not_answer(record: str) -> None:
    found = case(VNC, "vnc_tls = 1\n", *NOWHERE).destination(record, None)
    assert found.result(RULE).outcome is Outcome.UNKNOWN
