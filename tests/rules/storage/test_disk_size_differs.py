"""Sizes of images on either host."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import VOLUME, gone, on_volume, pools, there, vms

RULE = "disk-size-differs"
MIB = 1024 * 1024
PATH = "/srv/vms/web.img"


def disk(fmt: str = "raw", *, kind: str = "file", more: str = "", here: int = MIB, there_: int = MIB) -> Case:
    """Return the sound pair, whose guest has this second disk, with these sizes in bytes on source and destination."""
    attribute = "file" if kind == "file" else "dev"
    driver = f"<driver name='qemu' type='{fmt}'/>"
    made = on_volume(f"<disk type='{kind}'>{driver}<source {attribute}='{PATH}'/><target dev='vdb'/>{more}</disk>")
    mode = "81a4" if kind == "file" else "61b0"
    return made.source("paths", there(PATH, size=here, mode=mode)).destination(
        "paths", there(PATH, size=there_, mode=mode)
    )


def copied(*heads: str, fmt: str = "qcow2", kind: str = "file", more: str = "") -> Case:
    """Return the same, copied, with these heads at the source and at the destination."""
    case = disk(fmt, kind=kind, more=more).asking(copy_storage="all")
    return case.source("images", f"path {PATH}\n{heads[0]}\n").destination("images", f"path {PATH}\n{heads[1]}\n")


def qcow2(size: int, backing: str = "") -> str:
    return f"image 196616 qcow2 {size:016x} {backing.encode().hex() or '-'}"


def raw(size: int) -> str:
    return f"image {size} raw"


@pytest.mark.parametrize("size", [MIB // 2, 2 * MIB, MIB + 512])
def test_catches_an_image_of_another_size_that_the_disk_is_copied_into(size: int) -> None:
    result = disk(there_=size).asking(copy_storage="all").result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"{PATH}, the disk vdb, has {size} bytes on the destination and {MIB} on the source"
    assert finding.predicted_error == "Source and target image have different sizes"


def test_catches_qcow2_of_another_size() -> None:
    [finding] = copied(qcow2(MIB), qcow2(2 * MIB)).result(RULE).findings
    assert finding.predicted_error == "Source and target image have different sizes"


def test_catches_an_image_that_is_not_qcow2() -> None:
    [finding] = copied(qcow2(MIB), raw(MIB)).result(RULE).findings
    assert finding.predicted_error == "Image is not in qcow2 format"


@pytest.mark.parametrize("name", ["base.img", "/srv/vms/base.img"])
def test_catches_an_image_that_lies_upon_one_that_is_not_there(name: str) -> None:
    case = copied(qcow2(MIB), qcow2(MIB, name)).destination("paths", there(PATH) + gone("/srv/vms/base.img"))
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == "Cannot access backing file '/srv/vms/base.img'"


def test_catches_a_block_device_of_another_size() -> None:
    assert copied(raw(MIB), raw(MIB // 2), fmt="raw", kind="block").result(RULE).outcome is Outcome.FAILED


def test_catches_a_read_only_image_that_differs_but_only_warns_since_it_moves() -> None:
    result = disk("qcow2", more="<readonly/>", there_=MIB // 2).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)


def test_catches_a_volume_that_is_copied() -> None:
    case = on_volume(VOLUME).asking(copy_storage="all").source("libvirt.pools", pools(vms("web.img")))
    case.destination("libvirt.pools", pools(vms(target="/srv/other")))
    case.source("paths", there(PATH)).destination("paths", there("/srv/other/web.img", size=7))
    assert case.result(RULE).outcome is Outcome.FAILED


def test_passes_the_same_size() -> None:
    assert disk().result(RULE).outcome is Outcome.PASSED
    assert disk().asking(copy_storage="all").result(RULE).outcome is Outcome.PASSED
    assert copied(qcow2(MIB), qcow2(MIB)).result(RULE).outcome is Outcome.PASSED
    assert copied(raw(MIB), raw(MIB), fmt="raw", kind="block").result(RULE).outcome is Outcome.PASSED


def test_passes_sizes_within_one_sector() -> None:
    assert disk(there_=MIB - 1).asking(copy_storage="all").result(RULE).outcome is Outcome.PASSED


def test_passes_an_image_that_lies_upon_one_that_is_there() -> None:
    case = copied(qcow2(MIB), qcow2(MIB, "base.img")).destination("paths", there(PATH, "/srv/vms/base.img"))
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "more", ["<backingStore/>", "<backingStore type='file'><source file='/srv/b'/></backingStore>"]
)
def test_passes_an_image_whose_own_backing_image_is_not_opened(more: str) -> None:
    case = copied(qcow2(MIB), qcow2(MIB, "base.img"), more=more).guest(lambda guest: guest.update(sent=guest["xml"]))
    assert case.destination("paths", there(PATH) + gone("/srv/vms/base.img")).result(RULE).outcome is Outcome.PASSED


def test_passes_a_growing_image_on_shared_storage() -> None:
    assert disk("qcow2", there_=2 * MIB).result(RULE).outcome is Outcome.PASSED


def test_passes_what_is_not_there_which_is_another_rules_business() -> None:
    assert disk().destination("paths", gone(PATH)).asking(copy_storage="all").result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    result = disk(there_=1).asking(offline=True, guests=("web",)).result(RULE)
    assert result.outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_images_were_not_looked_into() -> None:
    result = disk("qcow2").asking(copy_storage="all").source("images", Record("", 1, "timed out")).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == f"the image {PATH} was not checked: timed out"


@pytest.mark.parametrize(
    "head",
    [
        "",
        "image x raw",
        "image 1 0",
        "image 196616 cut",
        "image 196616 unread",
        *(f"image 196616 qcow2 {MIB:016x} {name}" for name in ("far", "elsewhere", "unread", "", "2")),
        "head 196616 514649fb0000000300000000000000000000000000000010000000000010000000",
    ],
)
def test_is_unknown_when_the_image_could_not_be_read(head: str) -> None:
    assert copied(qcow2(MIB), head).result(RULE).outcome is Outcome.UNKNOWN


def test_is_unknown_when_the_format_does_not_tell_its_size() -> None:
    result = copied(raw(MIB), raw(MIB), fmt="vmdk").result(RULE)
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        "vdb has the format vmdk: its size is unknown",
    )


@pytest.mark.parametrize(("libvirt", "outcome"), [(9_000_000, Outcome.FAILED), (10_000_000, Outcome.PASSED)])
def test_passes_a_larger_block_device_that_libvirt_cuts(libvirt: int, outcome: Outcome) -> None:
    case = copied(raw(MIB), raw(2 * MIB), fmt="raw", kind="block")
    case.destination("libvirt.versions", lambda text: text.replace("9000000", f" {libvirt}"))
    assert case.result(RULE).outcome is outcome
