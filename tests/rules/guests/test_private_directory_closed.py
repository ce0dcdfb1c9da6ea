"""The directory of guests' own files, closed to QEMU's user."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "private-directory-closed"


def running_as(mode: str, owner: int, *, directory: str = "/var/lib/libvirt/qemu", user: str = "+64055:+106") -> Case:
    """Return the sound pair, whose destination runs QEMU as this user and has this directory."""
    changed = Case().destination("libvirt.capabilities", lambda xml: xml.replace("+0:+0", user))
    return changed.destination("access", f"groups 106 64055\n{mode}  1  {owner}  0 4096  {directory}\n")


@pytest.mark.parametrize("directory", ["/var/lib/libvirt/qemu", "/var/lib"])
def test_catches_a_directory_of_root(directory: str) -> None:
    result = running_as("drwx------", 0, directory=directory).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"QEMU's user on this host (UID 64055) is not allowed to pass through {directory}"


def test_passes_its_own_directory_and_an_open_one() -> None:
    assert running_as("drwxr-x---", 64055).result(RULE).outcome is Outcome.PASSED
    assert running_as("drwxr-xr-x", 0).result(RULE).outcome is Outcome.PASSED


def test_passes_root_and_a_snapshot_from_before_the_question() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED
    assert running_as("drwx------", 0, directory="/srv").result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_libvirt_did_not_tell_the_user() -> None:
    assert Case().destination("libvirt.capabilities", None).result(RULE).outcome is Outcome.UNKNOWN
