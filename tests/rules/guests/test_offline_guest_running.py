"""Running guests of which only the definition is moved."""

from typing import Any

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "offline-guest-running"


def switched_off(guest: dict[str, Any]) -> None:
    guest.update(id=None, state=5, reason=1)


def offline() -> Case:
    """Return the sound pair, whose guest is named and is to be moved offline."""
    return Case().asking(offline=True, guests=("web",))


def test_catches_a_guest_that_runs_but_blocks_nothing() -> None:
    result = offline().result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.WARNING, "web")
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert finding.message == "web keeps running on the source, and could be started on the destination as well"


@pytest.mark.parametrize("state", [2, 3, 7], ids=["blocked", "paused", "suspended by the guest itself"])
def test_catches_a_guest_that_is_active_and_could_go_on(state: int) -> None:
    result = offline().guest(lambda guest: guest.update(state=state)).result(RULE)
    assert result.outcome is Outcome.FAILED


def test_passes_a_guest_that_is_off() -> None:
    assert offline().guest(switched_off).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_live_migration() -> None:
    result = Case().result(RULE)
    assert (result.outcome, result.reason) == (Outcome.NOT_APPLICABLE, "the guest is moved while it runs")


def test_is_unknown_when_libvirt_did_not_tell_of_the_guest() -> None:
    result = offline().guest(lambda guest: guest.update(error="Domain not found")).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "guest web: Domain not found")
