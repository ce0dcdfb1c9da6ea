"""Guests that are off with their memory saved."""

from typing import Any

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "saved-state-left-behind"


def off(*, saved: bool) -> Case:
    def switch(guest: dict[str, Any]) -> None:
        guest.update(id=None, state=5, reason=1, saved=saved)

    return Case().guest(switch).asking(guests=("web",))


def test_catches_a_saved_guest_that_preflight_would_refuse_to_move() -> None:
    result = off(saved=True).asking(as_they_are=True).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert finding.message == "web would boot from scratch on the destination: its saved memory stays here"


def test_catches_one_that_virsh_would_move_all_the_same_but_blocks_nothing() -> None:
    result = off(saved=True).asking(offline=True).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    assert result.findings[0].predicted_error is None


def test_passes_a_guest_that_was_shut_down() -> None:
    assert off(saved=False).asking(offline=True).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_runs() -> None:
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_libvirt_did_not_tell_of_the_guest() -> None:
    case = Case().asking(offline=True, guests=("web",))
    assert case.guest(lambda guest: guest.update(error="gone")).result(RULE).outcome is Outcome.UNKNOWN
