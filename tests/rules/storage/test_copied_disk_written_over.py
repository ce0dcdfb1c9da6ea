"""The images at the path to which a disk is copied."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import gone
from tests.rules.storage.test_disk_size_differs import MIB, PATH, copied, disk, qcow2, raw

RULE = "copied-disk-written-over"


def test_catches_a_file_whose_content_will_be_gone() -> None:
    result = disk().asking(copy_storage="all").result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.WARNING, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"{PATH} already exists: copying vdb overwrites it"


def test_catches_a_device() -> None:
    assert disk(kind="block").asking(copy_storage="all").result(RULE).outcome is Outcome.FAILED


def test_catches_a_qcow2_image_that_has_grown() -> None:
    case = disk("qcow2", there_=100 * MIB).asking(copy_storage="all")
    assert case.result(RULE).outcome is Outcome.FAILED


def test_catches_another_format_where_qcow2_is_to_be() -> None:
    assert copied(qcow2(MIB), raw(MIB)).result(RULE).outcome is Outcome.FAILED


def test_passes_a_qcow2_image_that_was_made_for_the_copy() -> None:
    assert copied(qcow2(MIB), qcow2(MIB)).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("more", ["<readonly/>", "<shareable/>"])
def test_passes_a_disk_that_is_not_copied(more: str) -> None:
    assert disk(more=more).asking(copy_storage="all").result(RULE).outcome is Outcome.PASSED


def test_passes_a_path_where_nothing_is() -> None:
    case = disk().destination("paths", gone(PATH)).asking(copy_storage="all")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_an_empty_file() -> None:
    assert disk(there_=0).asking(copy_storage="all").result(RULE).outcome is Outcome.PASSED


def test_passes_a_network_disk() -> None:
    assert Case().asking(copy_storage="all").result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_where_nothing_is_copied() -> None:
    assert disk().result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_paths_were_not_looked_at() -> None:
    case = disk().destination("paths", None).asking(copy_storage="all")
    assert case.result(RULE).outcome is Outcome.UNKNOWN
