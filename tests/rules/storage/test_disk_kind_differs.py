"""The wrong kind of file at a disk's path on the destination."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import PATH, gone, on_volume, there

RULE = "disk-kind-differs"
DIRECTORY, FILE, BLOCK, FIFO = "41ed", "81a4", "61b0", "11a4"


def disk(kind: str, mode: str | None, *, device: str = "disk") -> Case:
    source = f"<source {'file' if kind == 'file' else 'dev'}='{PATH}'/>"
    made = on_volume(f"<disk type='{kind}' device='{device}'>{source}<target dev='vdb'/></disk>")
    return made.destination("paths", gone(PATH) if mode is None else there(PATH, mode=mode))


@pytest.mark.parametrize(("mode", "what"), [(DIRECTORY, "directory"), (BLOCK, "block"), (FIFO, "fifo")])
def test_catches_an_image_that_is_no_file(mode: str, what: str) -> None:
    result = disk("file", mode).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"{PATH}, the image of the disk vdb, is a {what} on the destination, not a file"
    assert finding.predicted_error == f"'{PATH}' to be a regular file"


def test_catches_a_directory_in_place_of_a_medium() -> None:
    assert disk("file", DIRECTORY, device="cdrom").result(RULE).outcome is Outcome.FAILED


@pytest.mark.parametrize("mode", [DIRECTORY, FILE])
def test_catches_a_device_that_is_none(mode: str) -> None:
    [finding] = disk("block", mode).result(RULE).findings
    assert finding.predicted_error == "either a character or block device"


@pytest.mark.parametrize(("kind", "mode"), [("file", FILE), ("block", BLOCK), ("file", None), ("block", None)])
def test_passes_what_is_as_it_should_be_or_missing(kind: str, mode: str | None) -> None:
    assert disk(kind, mode).result(RULE).outcome is Outcome.PASSED


def old(case: Case) -> Case:
    """Return the same with Debian 11's QEMU at the destination."""
    versions = {"libvirt": 7000000, "hypervisor": 5002000, "type": "QEMU"}
    return case.destination("libvirt.versions", json.dumps(versions))


def test_catches_a_directory_with_an_old_qemu_in_its_words() -> None:
    [finding] = old(disk("file", DIRECTORY)).result(RULE).findings
    assert finding.predicted_error == "A regular file was expected by the 'file' driver"


def test_passes_a_device_with_an_old_qemu() -> None:
    assert old(disk("file", BLOCK)).result(RULE).outcome is Outcome.PASSED


def test_passes_a_network_disk() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = disk("file", DIRECTORY).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_destination_may_not_look() -> None:
    answer = f"path {PATH}\nstat: cannot statx '{PATH}': Permission denied\nfs 6969 4096 100\n"
    result = disk("file", FILE).destination("paths", answer).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"{PATH}: Permission denied")
