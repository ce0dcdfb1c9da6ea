"""Block devices that have the same path on both hosts and are not the same."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import on_volume

RULE = "block-device-differs"
DISK = "<disk type='block' device='disk'><source dev='/dev/san'/><target dev='vdb'/>{}</disk>"


def ext4(uuid: int) -> str:
    return f"{uuid:064x} ext4={uuid:032x}"


#: The SHA-256 of 4 KiB of zeros, on which no mark is.
BLANK = "ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7 -"


def device(start: str = ext4(1), *, size: int = 1 << 30, name: str = "") -> str:
    return f"path /dev/san\ndevice {size} {start} {name}\n"


def pair(source: str | Record, destination: str | Record, *, more: str = "") -> Case:
    """Return the sound pair, whose guest has this block device too."""
    case = on_volume(DISK.format(more)).source("block-devices", source)
    return case.destination("block-devices", destination)


def test_catches_another_file_system() -> None:
    result = pair(device(), device(ext4(2))).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == (
        f"/dev/san, the disk vdb, is a different device on the destination: it"
        f" begins with ext4 {2:032x}, not with ext4 {1:032x}"
    )
    assert finding.predicted_error is None


def test_catches_another_size_another_name_and_a_blank_device() -> None:
    assert pair(device(), device(size=1 << 20)).result(RULE).blocks
    assert pair(device(name="naa.600a"), device(name="naa.600b")).result(RULE).blocks
    assert pair(device(), device(BLANK)).result(RULE).blocks


def test_passes_the_same_device() -> None:
    assert pair(device(name="naa.600a"), device(name="naa.600a")).result(RULE).outcome is Outcome.PASSED


def test_passes_two_of_which_nothing_tells_that_they_differ() -> None:
    assert pair(device("- -"), device()).result(RULE).outcome is Outcome.PASSED
    assert pair(device(BLANK), device(BLANK)).result(RULE).outcome is Outcome.PASSED


def test_passes_what_is_no_device_of_which_another_rule_speaks() -> None:
    assert pair(device(), "path /dev/san\n").result(RULE).outcome is Outcome.PASSED


def test_passes_a_device_that_is_copied() -> None:
    case = pair(device(), device(ext4(2))).asking(copy_storage="all")
    assert case.result(RULE).outcome is Outcome.PASSED
    kept = pair(device(), device(ext4(2)), more="<readonly/>").asking(copy_storage="all")
    assert kept.result(RULE).blocks


def test_passes_a_guest_without_block_devices() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = pair(device(), device(ext4(2))).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("answer", [Record("", 1, "timed out"), "", "path /dev/san\ndevice  - \n"])
def test_is_unknown_when_the_device_was_not_looked_at(answer: str | Record) -> None:
    assert pair(device(), answer).result(RULE).outcome is Outcome.UNKNOWN
