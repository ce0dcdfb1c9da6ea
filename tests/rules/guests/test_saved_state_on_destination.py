"""A saved state of the guest on the destination."""

from typing import Any

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.guests.test_guest_exists_on_destination import OFF, WEB, facing

RULE = "saved-state-on-destination"


@pytest.mark.parametrize("asked", [{}, {"offline": True}, {"as_they_are": True}])
def test_catches_old_memory_that_the_next_start_would_restore(asked: dict[str, Any]) -> None:
    result = facing(**OFF, saved=True).asking(guests=("web",), **asked).result(RULE, WEB)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "web has a saved state here, which its next start would restore over newer disks"
    assert finding.fix == "on the destination: virsh managedsave-remove web"


def test_passes_a_definition_without_one() -> None:
    assert facing(**OFF, saved=False).result(RULE, WEB).outcome is Outcome.PASSED


def test_passes_a_destination_that_does_not_know_the_guest() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_the_saved_state_of_another_guest() -> None:
    other = {"name": "db", "uuid": "11111111-2222-3333-4444-555555555555", "saved": True}
    assert facing(**OFF, **other).result(RULE, WEB).outcome is Outcome.PASSED


def test_is_unknown_when_the_destination_does_not_tell_of_its_guests() -> None:
    assert Case().destination("libvirt.domains", Record("", 1, "no")).result(RULE).outcome is Outcome.UNKNOWN


def test_is_unknown_when_the_definition_there_cannot_be_read() -> None:
    assert facing(**OFF, error="gone").result(RULE, WEB).outcome is Outcome.UNKNOWN
