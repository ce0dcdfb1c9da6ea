"""Disks that a tunnelled migration would have to copy."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Mode
from preflight.rule import Severity
from tests.case import Case

RULE = "storage-copy-tunnelled"


def asked(case: Case) -> Case:
    return case.asking(mode=Mode.TUNNELLED, copy_storage="all")


def with_nothing_to_copy() -> Case:
    return Case().xml("<target dev='vda' bus='virtio'/>", "<target dev='vda' bus='virtio'/><readonly/>")


def version(number: int) -> str:
    return json.dumps({"libvirt": number, "hypervisor": 7_002_022, "type": "QEMU"})


def test_catches_a_disk_that_would_be_copied() -> None:
    result = asked(Case()).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.message.startswith("a tunnelled migration cannot copy ")
    assert finding.predicted_error == "End of file while reading data"


@pytest.mark.parametrize("number", [7_000_000, 11_003_000])
def test_catches_a_release_that_refuses_it_without_a_disk_too(number: int) -> None:
    result = asked(with_nothing_to_copy().source("libvirt.versions", version(number))).result(RULE)
    assert result.outcome is Outcome.FAILED
    assert "even if there is none to copy" in result.findings[0].message


def test_passes_where_nothing_is_to_be_copied() -> None:
    assert asked(with_nothing_to_copy()).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("mode", "copied"), [(Mode.TUNNELLED, "none"), (Mode.PEER_TO_PEER, "all"), (Mode.MANAGED, "all")]
)
def test_passes_the_one_without_the_other(mode: Mode, copied: str) -> None:
    found = Case().asking(mode=mode, copy_storage=copied).result(RULE)
    assert found.outcome is Outcome.PASSED


def test_does_not_apply_where_no_memory_is_sent() -> None:
    [result] = asked(Case()).asking(offline=True, guests=("web",), select=(RULE,)).report().results
    assert result.outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_version_or_the_guest_is_not_known() -> None:
    assert asked(Case().source("libvirt.versions", None)).result(RULE).outcome is Outcome.UNKNOWN
    assert asked(Case().source("libvirt.domains", None)).result(RULE).outcome is Outcome.UNKNOWN
