"""Scripts that the destination's libvirt runs when a guest arrives."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "hook-script-present"


@pytest.mark.parametrize("path", ["/etc/libvirt/hooks/qemu", "/etc/libvirt/hooks/qemu.d"])
def test_catches_a_script_of_the_destinations(path: str) -> None:
    result = Case().destination("daemons", lambda text: f"{text}conf {path} 1790000000.5\n").result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.INFO)
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, f"libvirt runs {path} when a guest arrives")


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_script_of_the_sources() -> None:
    case = Case().source("daemons", lambda text: f"{text}conf /etc/libvirt/hooks/qemu 1790000000.5\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    assert Case().asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_destination_did_not_tell_of_its_daemons() -> None:
    assert Case().destination("daemons", None).result(RULE).outcome is Outcome.UNKNOWN
