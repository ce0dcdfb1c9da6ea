"""A guest that QEMU paused because of an error of its disk."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "paused-by-disk-error"


def paused(reason: int) -> Case:
    return Case().guest(lambda guest: guest.update(state=3, reason=reason))


def test_catches_a_guest_that_libvirt_refuses() -> None:
    result = paused(5).asking(abort_on_error=True).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.predicted_error) == (Role.SOURCE, "cannot migrate domain with I/O error")


def test_catches_it_as_a_warning_without_the_option() -> None:
    result = paused(5).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)


@pytest.mark.parametrize("reason", [1, 2, 7])
def test_passes_a_guest_that_is_paused_for_another_reason(reason: int) -> None:
    assert paused(reason).asking(abort_on_error=True).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_source_did_not_report_the_guest() -> None:
    def nameless(text: str) -> str:
        listed = json.loads(text)
        listed["domains"][0]["error"] = "no answer"
        return json.dumps(listed)

    assert Case().source("libvirt.domains", nameless).result(RULE).outcome is Outcome.UNKNOWN
