"""Transient disks."""

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "transient-disk"
TARGET = "<target dev='vda' bus='virtio'/>"


def transient() -> Case:
    return Case().xml(TARGET, f"{TARGET}<transient/>")


def test_catches_a_transient_disk() -> None:
    result = transient().result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.SOURCE, "vda is transient")
    assert finding.predicted_error == "migration with transient disk is not supported"


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    assert transient().asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_libvirt_did_not_tell_of_the_guest() -> None:
    result = Case().guest(lambda guest: guest.update(error="Domain not found")).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "Domain not found")
