"""conf-file-invalid: files of libvirt that their daemon would reject, before they are on a host."""

from pathlib import Path

import pytest

from preflight.judge.report import Outcome
from preflight.rule import Severity
from tests.files import result

RULE = "conf-file-invalid"


@pytest.mark.parametrize(
    ("path", "text", "error"),
    [
        ("/etc/libvirt/libvirtd.conf", "max_workers = 0\n", "'max_workers' must be greater than 0"),
        ("/etc/libvirt/virtqemud.conf", 'max_clients = "5"\n', "expected an unsigned integer for 'max_clients'"),
        ("/etc/libvirt/virtproxyd.conf", "listen_tcp = 2\n", "value for 'listen_tcp' parameter must be 0 or 1"),
        ("/etc/libvirt/qemu.conf", "migration_port_min = 0\n", "port must be greater than 0"),
        ("/etc/libvirt/virtlogd.conf", "max_clients = \n", "/etc/libvirt/virtlogd.conf:1: expecting a value"),
        ("/etc/libvirt/libvirtd.conf", "[default]\nmax_clients = 5\n", "libvirtd.conf:1: expecting a name"),
    ],
)
def test_catches_a_setting_that_a_daemon_rejects(path: str, text: str, error: str, tmp_path: Path) -> None:
    found = result(tmp_path, RULE, {path: text})
    assert (found.outcome, found.severity) == (Outcome.FAILED, Severity.ERROR)
    (finding,) = found.findings
    assert error in (finding.predicted_error or "")
    assert finding.location is not None
    assert finding.location.path == path


@pytest.mark.parametrize(
    "text",
    ["max_workers = 20\n", "# max_workers = 0\n", "", "unheard_of = 0\n", 'log_filters = "1:qemu"\n'],
)
def test_passes_a_file_that_its_daemon_reads(text: str, tmp_path: Path) -> None:
    assert result(tmp_path, RULE, {"/etc/libvirt/libvirtd.conf": text}).outcome is Outcome.PASSED


def test_passes_what_has_a_finding_of_its_own(tmp_path: Path) -> None:
    files = {"/etc/libvirt/libvirtd.conf": "max_clients = {{ n }}\n"}
    assert result(tmp_path / "1", RULE, files).outcome is Outcome.PASSED
    assert result(tmp_path / "2", "template-not-rendered", files).outcome is Outcome.FAILED


def test_is_unknown_when_a_file_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "etc" / "libvirt" / "qemu.conf").mkdir(parents=True)
    found = result(tmp_path, RULE, {"/etc/libvirt/libvirtd.conf": "max_clients = 5000\n"})
    assert (found.outcome, found.obscures) == (Outcome.UNKNOWN, True)
    assert "is not a regular file" in (found.reason or "")
