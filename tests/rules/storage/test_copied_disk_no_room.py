"""Room for disks that are copied."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from preflight.units import MIB
from tests.case import Case
from tests.rules.pools import on_volume, pools, there, vms

RULE = "copied-disk-no-room"
PATH = "/srv/vms/web.img"


def absent(*paths: str, free: int) -> str:
    """Return the answers of a host that has none of these, and so many free bytes."""
    lines = (f"path {path}\nstat: cannot statx '{path}': No such file or directory\nfs ef53 1 {free}" for path in paths)
    return "".join(f"{line} {free} 100 100\n" for line in lines)


def case(fmt: str = "raw", *, size: int = 64 * MIB, free: int = 8 * MIB, more: str = "") -> Case:
    disk = f"<disk type='file'><driver type='{fmt}'/><source file='{PATH}'/><target dev='vdb'/></disk>{more}"
    made = on_volume(disk).source("paths", there(PATH, "/srv/vms/two.img", size=size))
    made.destination("paths", absent(PATH, "/srv/vms/two.img", free=free))
    return made.destination("libvirt.pools", pools(vms())).asking(copy_storage="all")


def test_catches_a_raw_image_that_is_larger_than_the_room() -> None:
    result = case().result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"vdb needs 64 MiB at {PATH}, where 8 MiB are free"
    assert finding.predicted_error == f"bytes in file '{PATH}': No space left on device"


def test_catches_the_size_of_a_qcow2_disk_rather_than_what_its_image_holds() -> None:
    head = f"path {PATH}\nimage 196616 qcow2 {64 * MIB:016x} -\n"
    asked = case("qcow2", size=196616).source("images", head)
    [finding] = asked.result(RULE).findings
    assert finding.message.startswith("vdb needs 64 MiB")
    assert finding.predicted_error == "Could not preallocate new data: No space left on device"


def test_catches_two_disks_that_do_not_fit_together() -> None:
    more = "<disk type='file'><driver type='raw'/><source file='/srv/vms/two.img'/><target dev='vdc'/></disk>"
    [finding] = case(size=6 * MIB, more=more).result(RULE).findings
    assert finding.message.startswith("vdc needs 6 MiB")


def test_catches_a_file_system_without_inodes() -> None:
    [finding] = (
        case().destination("paths", absent(PATH, free=64 * MIB).replace("100 100", "100 0")).result(RULE).findings
    )
    assert finding.message.endswith(f"where {PATH} is to be created for vdb, has no free inodes")
    assert finding.predicted_error == f"Could not create '{PATH}': No space left on device"


@pytest.mark.parametrize("free", [64 * MIB, 65 * MIB])
def test_passes_where_there_is_room(free: int) -> None:
    assert case(free=free).result(RULE).outcome is Outcome.PASSED


def test_passes_an_image_that_is_already_there() -> None:
    asked = case().destination("paths", there(PATH))
    assert asked.result(RULE).outcome is Outcome.PASSED


def test_passes_where_nothing_is_copied() -> None:
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_a_host_did_not_answer() -> None:
    assert case().source("paths", None).result(RULE).outcome is Outcome.UNKNOWN
    assert case().destination("paths", None).result(RULE).outcome is Outcome.UNKNOWN
