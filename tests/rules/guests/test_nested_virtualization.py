"""Guests whose CPU allows them to run nested guests."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "nested-virtualization"
WEB = "f1d015bd-14ec-4fe8-8cdc-f32b8929b5e0"


def having(*features: str) -> Case:
    """Return the sound pair with a guest CPU that has these features."""
    answer = {"types": {}, "guests": {WEB: {"features": features}}}
    return Case().source("libvirt.cpus", json.dumps(answer))


@pytest.mark.parametrize("feature", ["vmx", "svm"])
def test_catches_the_feature_of_either_vendor(feature: str) -> None:
    result = having("sse2", feature).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.INFO, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (
        Role.SOURCE,
        f"the guest's CPU has {feature}, so the guest may run nested guests",
    )


def test_passes_a_cpu_without_it() -> None:
    assert having("sse2").result(RULE).outcome is Outcome.PASSED


def test_passes_qemus_usual_cpu() -> None:
    case = Case().xml("<cpu mode='custom' match='exact' check='full'>", "<unread>").xml("</cpu>", "</unread>")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    assert having("svm").asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_libvirt_does_not_tell_of_the_guests_cpu() -> None:
    assert Case().source("libvirt.cpus", None).result(RULE).outcome is Outcome.UNKNOWN
