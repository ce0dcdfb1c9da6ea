"""file-key-unknown: keys that libvirt ignores, in files that are not on a host yet."""

from pathlib import Path

import pytest

from preflight.judge.report import Outcome
from preflight.rule import Severity
from tests.files import result

RULE = "file-key-unknown"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("libvirtd.conf", "max_worker = 44\n", "is not a key of libvirtd.conf; did you mean max_workers?"),
        ("virtqemud.conf", 'tls_port = "1"\n', "in virtqemud.conf: it is a key of virtproxyd.conf"),
        ("libvirt.conf", 'uri_defualt = "qemu:///system"\n', "did you mean uri_default?"),
        ("network.conf", 'firewall_backends = "nftables"\n', "did you mean firewall_backend?"),
        ("qemu-lockd.conf", "require_leases_for_disks = 1\n", "did you mean require_lease_for_disks?"),
    ],
)
def test_catches_a_key_that_libvirt_ignores(name: str, text: str, said: str, tmp_path: Path) -> None:
    found = result(tmp_path, RULE, {f"/etc/libvirt/{name}": text})
    assert (found.outcome, found.severity) == (Outcome.FAILED, Severity.WARNING)
    (finding,) = found.findings
    assert finding.message.endswith(said)
    assert finding.location is not None
    assert (finding.location.path, finding.location.column) == (f"/etc/libvirt/{name}", 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("libvirtd.conf", "max_workers = 20\n# max_worker = 3\n"),
        ("qemu.conf", 'migrate_tls_priority = "NORMAL"\n'),
        ("virtproxyd.conf", "listen_tls = 0\n"),
    ],
)
def test_passes_keys_of_any_known_release(name: str, text: str, tmp_path: Path) -> None:
    assert result(tmp_path, RULE, {f"/etc/libvirt/{name}": text}).outcome is Outcome.PASSED


def test_is_unknown_when_a_file_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "etc" / "libvirt" / "qemu.conf").mkdir(parents=True)
    found = result(tmp_path, RULE, {"/etc/libvirt/libvirtd.conf": "max_clients = 5000\n"})
    assert found.outcome is Outcome.UNKNOWN
