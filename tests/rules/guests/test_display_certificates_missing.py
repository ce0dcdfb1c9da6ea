"""Certificates for displays and character devices."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "display-certificates-missing"
VNC = "<graphics type='vnc' autoport='yes'/>"
SERIAL = "<serial type='tcp'><source mode='bind' host='0.0.0.0' service='4555'{}/></serial>"


def case(device: str = VNC, conf: str = "vnc_tls = 1\n", resources: str = "") -> Case:
    made = Case().xml("</devices>", f"{device}</devices>").destination("resources", resources)
    return made.destination("qemu.conf", lambda text: text + conf)


@pytest.mark.parametrize(("device", "conf"), [(VNC, "vnc_tls = 1\n"), (SERIAL.format(""), "chardev_tls = 1\n")])
def test_catches_a_setting_without_certificates(device: str, conf: str) -> None:
    result = case(device, conf).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.predicted_error == "Unable to access credentials /etc/pki/qemu"
    assert finding.location is not None


@pytest.mark.parametrize(
    ("device", "conf", "resources"),
    [
        (VNC, "vnc_tls = 0\n", ""),
        (VNC, "chardev_tls = 1\n", ""),
        (VNC, "vnc_tls = 1\n", "has /etc/pki/libvirt-vnc\n"),
        (VNC, "vnc_tls = 1\n", "has /etc/pki/qemu\n"),
        (VNC, "vnc_tls = 1\nvnc_tls_x509_cert_dir = '/srv/pki'\n", ""),
        (SERIAL.format(" tls='no'"), "chardev_tls = 1\n", ""),
        ("<sound model='ich6'/>", "vnc_tls = 1\n", ""),
    ],
)
def test_passes_what_has_certificates_or_needs_none(device: str, conf: str, resources: str) -> None:
    assert case(device, conf, resources).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("record", ["qemu.conf", "resources"])
def test_is_unknown_when_the_destination_did_not_answer(record: str) -> None:
    assert case().destination(record, None).result(RULE).outcome is Outcome.UNKNOWN
