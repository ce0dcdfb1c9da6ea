"""account-of-another-system: users and groups that a host will not have."""

from pathlib import Path

import pytest

from preflight.judge.report import Outcome
from preflight.rule import Severity
from tests.files import result

RULE = "account-of-another-system"
DEBIAN = 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
FEDORA = 'ID=fedora\nPRETTY_NAME="Fedora Linux 43"\n'


@pytest.mark.parametrize(
    ("release", "path", "text"),
    [
        (DEBIAN, "/etc/libvirt/libvirtd.conf", 'unix_sock_group = "libvirtd"\n'),
        (DEBIAN, "/etc/libvirt/qemu.conf", 'user = "qemu"\n'),
        (DEBIAN, "/etc/libvirt/qemu.conf", 'group = "qemu"\n'),
        (FEDORA, "/etc/libvirt/qemu.conf", 'user = "libvirt-qemu"\n'),
        (FEDORA, "/etc/libvirt/virtqemud.conf", 'unix_sock_group = "libvirtd"\n'),
    ],
)
def test_catches_an_account_of_another_distributions_packages(
    release: str, path: str, text: str, tmp_path: Path
) -> None:
    found = result(tmp_path, RULE, {"/etc/os-release": release, path: text})
    assert (found.outcome, found.severity) == (Outcome.FAILED, Severity.WARNING)


def test_catches_a_group_that_is_not_in_the_hosts_own_list(tmp_path: Path) -> None:
    files = {
        "/etc/group": "root:x:0:\nlibvirt:x:100:\n",
        "/etc/libvirt/libvirtd.conf": 'unix_sock_group = "libvirtd"\n',
    }
    found = result(tmp_path, RULE, files)
    assert (found.outcome, found.severity) == (Outcome.FAILED, Severity.ERROR)
    assert found.findings[0].predicted_error == "Failed to parse group 'libvirtd'"


@pytest.mark.parametrize(
    ("release", "text"),
    [
        (DEBIAN, 'user = "libvirt-qemu"\ngroup = "kvm"\n'),
        (FEDORA, 'user = "qemu"\ngroup = "qemu"\n'),
        # a site's own account, which it may create
        (DEBIAN, 'user = "vmowner"\n'),
        (DEBIAN, 'user = "root"\n'),
        (DEBIAN, 'user = "+107"\ngroup = "107"\n'),
        ("ID=plan9\n", 'user = "qemu"\n'),
    ],
)
def test_passes_accounts_that_there_may_be(release: str, text: str, tmp_path: Path) -> None:
    assert result(tmp_path, RULE, {"/etc/os-release": release, "/etc/libvirt/qemu.conf": text}).outcome is (
        Outcome.PASSED
    )


def test_passes_what_nothing_is_known_about(tmp_path: Path) -> None:
    assert result(tmp_path, RULE, {"/etc/libvirt/qemu.conf": 'user = "qemu"\n'}).outcome is Outcome.PASSED


def test_is_unknown_when_the_list_leads_out_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "group").symlink_to("/etc/group")
    found = result(tmp_path, RULE, {"/etc/libvirt/libvirtd.conf": 'unix_sock_group = "libvirt"\n'})
    assert found.outcome is Outcome.UNKNOWN
