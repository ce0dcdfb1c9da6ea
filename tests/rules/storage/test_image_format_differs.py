"""An image that is not in the disk's format on the destination."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import PATH, gone, on_volume, there

RULE = "image-format-differs"
QCOW2 = "image 196616 qcow2 0000000000100000 -"


def disk(head: str | None, fmt: str = "qcow2", *, more: str = "") -> Case:
    """Return the sound pair, whose guest has a second disk, with this answer about it on the destination."""
    made = on_volume(f"<disk type='file'><driver type='{fmt}'/><source file='{PATH}'/><target dev='vdb'/>{more}</disk>")
    return made.destination("paths", there(PATH)).destination("images", head and f"path {PATH}\n{head}\n")


def test_catches_an_image_without_a_header() -> None:
    result = disk("image 1048576 raw").result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"{PATH}, the disk vdb, is not in qcow2 format on the destination"


def test_catches_it_below_a_read_only_disk_too() -> None:
    assert disk("image 0 raw", more="<readonly/>").result(RULE).blocks


@pytest.mark.parametrize(
    "case",
    [
        disk(QCOW2),
        disk("image 1048576 raw", "raw"),
        # root may not read what QEMU's user may: NFS with root_squash
        disk("image 1048576 unread"),
        # a snapshot of a host that was not asked
        disk(None),
        # another rule tells that it is missing
        disk("image 1048576 raw").destination("paths", gone(PATH)),
        # and another one of images that are copied
        disk("image 1048576 raw").asking(copy_storage="all"),
    ],
)
def test_passes_what_opens_or_was_not_read(case: Case) -> None:
    assert case.result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_destination_did_not_answer() -> None:
    assert disk(QCOW2).destination("paths", None).result(RULE).outcome is Outcome.UNKNOWN
