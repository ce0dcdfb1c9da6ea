"""Space in the directory for memory that is backed by files."""

import pytest

from preflight.judge.report import Outcome
from preflight.rule import Severity
from tests.case import Case

RULE = "memory-backing-directory-full"
FILE = "<memoryBacking><source type='file'/></memoryBacking><vcpu"


def case(
    free_mib: int,
    backing: str = FILE,
    directory: str = "/var/lib/libvirt/qemu/ram",
    conf: str = "",
    kind: str = "tmpfs",
) -> Case:
    """Return the sound pair, whose guest has 64 MiB, with this much free where the destination keeps such memory."""
    blocks = free_mib * 256
    there = f"path {directory}\nstat 41ed 60 45 9 0:0\nfs 1021994 4096 {blocks} {blocks} 9 9\n"
    found = Case().xml("<vcpu", backing).destination("qemu.conf", conf)
    mount = f"900 1 8:1 / {directory} rw - {kind} none rw\n"
    return found.destination("paths", lambda text: text + there).destination("mounts", lambda text: text + mount)


def test_catches_a_directory_with_too_little_space() -> None:
    result = case(63, directory="/srv/ram", conf='memory_backing_dir = "/srv/ram"\n').result(RULE)
    [finding] = result.findings
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    assert finding.predicted_error == "closed the monitor"
    assert finding.message == ("/srv/ram, which backs the memory of web, has 63 MiB free, but 64 MiB may be needed")
    assert finding.location is not None
    assert finding.location.line == 1


def test_catches_the_default_directory() -> None:
    assert case(10).result(RULE).outcome is Outcome.FAILED


def test_catches_a_directory_on_another_file_system_as_a_warning() -> None:
    result = case(10, kind="ext4").result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)


@pytest.mark.parametrize(
    ("free", "backing"),
    [
        (64, FILE),
        (1, "<vcpu"),
        (1, "<memoryBacking><source type='memfd'/></memoryBacking><vcpu"),
        (1, "<memoryBacking><locked/></memoryBacking><vcpu"),
    ],
)
def test_passes_memory_that_has_room(free: int, backing: str) -> None:
    found = case(free, backing) if backing != "<vcpu" else Case()
    assert found.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("record", ["qemu.conf", "paths"])
def test_is_unknown_when_the_destination_did_not_answer(record: str) -> None:
    assert case(64).destination(record, None).result(RULE).outcome is Outcome.UNKNOWN


def test_is_unknown_when_the_free_space_is_not_told() -> None:
    told = "path /var/lib/libvirt/qemu/ram\nstat 41ed 60 45 9 0:0\nfs 1021994 4096 1\n"
    found = Case().xml("<vcpu", FILE).destination("paths", lambda text: text + told)
    result = found.result(RULE)
    assert result.reason == "the free space in /var/lib/libvirt/qemu/ram is unknown"
