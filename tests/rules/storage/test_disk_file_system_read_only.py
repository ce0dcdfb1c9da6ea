"""Read-only file systems of the destination, for disks that are copied or written to."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import PATH, gone, on_volume, pools, there, vms

RULE = "disk-file-system-read-only"
MOUNTS = "1 0 8:0 / / rw - ext4 /dev/sda rw\n2 1 8:1 / /srv/vms {} - ext4 /dev/sdb rw\n"


def disk(*, exists: bool, more: str = "", mounted: str = "ro") -> Case:
    """Return the sound pair, whose guest has a second disk below a mount of its own on the destination."""
    made = on_volume(f"<disk type='file'><driver type='qcow2'/><source file='{PATH}'/><target dev='vdb'/>{more}</disk>")
    made.destination("paths", there(PATH) if exists else gone(PATH))
    return made.destination("mounts", MOUNTS.format(mounted)).destination("libvirt.pools", pools(vms()))


@pytest.mark.parametrize(
    ("exists", "copy", "error"),
    [
        (False, "all", f"Could not create '{PATH}': Read-only file system"),
        (True, "all", "Block node is read-only"),
        (True, None, f"Could not open '{PATH}': Read-only file system"),
    ],
)
def test_catches_an_image_that_cannot_be_written(exists: bool, copy: str | None, error: str) -> None:
    case = disk(exists=exists)
    result = (case.asking(copy_storage=copy) if copy else case).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.predicted_error) == (Role.DESTINATION, error)
    assert finding.message == f"{PATH}, the disk vdb, is on /dev/sdb, which is read-only"


@pytest.mark.parametrize(
    "case",
    [
        disk(exists=True, mounted="rw"),
        disk(exists=True, more="<readonly/>"),
        # another rule tells that it is missing
        disk(exists=False),
    ],
)
def test_passes_what_is_only_read_or_may_be_written(case: Case) -> None:
    assert case.result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_destination_did_not_answer() -> None:
    assert disk(exists=True).destination("paths", None).result(RULE).outcome is Outcome.UNKNOWN
