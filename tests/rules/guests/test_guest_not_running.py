"""Guests that are not running."""

from typing import Any

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.neighbour import DB, with_db

RULE = "guest-not-running"
WEB = "guest web"


def switched_off(guest: dict[str, Any]) -> None:
    guest.update(id=None, state=5, reason=1)


def test_catches_a_guest_that_is_off_when_it_is_named() -> None:
    result = with_db(Case()).guest(switched_off).asking(guests=("web", "db")).result(RULE, WEB)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert finding.message == "web is shutoff"
    assert finding.predicted_error == "domain is not running"


def test_catches_that_guest_alone() -> None:
    case = with_db(Case()).guest(switched_off).asking(guests=("web", "db"))
    assert case.result(RULE, DB).outcome is Outcome.PASSED


def test_catches_a_guest_that_crashed_and_was_not_kept() -> None:
    case = Case().guest(lambda guest: guest.update(id=None, state=6)).asking(guests=("web",))
    assert case.result(RULE).findings[0].message == "web is crashed"


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("state", [2, 3, 7], ids=["blocked", "paused", "suspended by the guest itself"])
def test_passes_a_guest_that_is_active_but_does_nothing(state: int) -> None:
    case = Case().guest(lambda guest: guest.update(state=state)).asking(guests=("web",))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_over_a_guest_that_is_off_and_was_not_named() -> None:
    report = with_db(Case()).guest(switched_off).asking(select=(RULE,)).report()
    assert [(result.subject, result.outcome) for result in report.results] == [(DB, Outcome.PASSED)]


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    result = Case().guest(switched_off).asking(offline=True).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.NOT_APPLICABLE, "the guest is moved offline")


def test_is_unknown_when_libvirt_did_not_tell_of_the_guest() -> None:
    case = with_db(Case()).guest(lambda guest: guest.update(error="Domain not found")).asking(guests=("web", "db"))
    result = case.result(RULE, WEB)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "guest web: Domain not found")
    assert result.obscures
    assert case.result(RULE, DB).outcome is Outcome.PASSED


def test_is_unknown_when_not_even_the_list_of_guests_is_known() -> None:
    result = Case().source("libvirt.domains", Record("", 1, "timed out")).asking(guests=("web",)).result(RULE)
    assert (result.outcome, result.reason, result.subject) == (Outcome.UNKNOWN, "timed out", WEB)
