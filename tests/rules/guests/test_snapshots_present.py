"""Snapshots of which libvirt has metadata."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.neighbour import DB, with_db

RULE = "snapshots-present"
WEB = "guest web"


def with_snapshots(number: int) -> Case:
    return with_db(Case()).guest(lambda guest: guest.update(snapshots=number))


@pytest.mark.parametrize(("number", "message"), [(1, "web has 1 snapshot"), (2, "web has 2 snapshots")])
def test_catches_snapshots(number: int, message: str) -> None:
    result = with_snapshots(number).result(RULE, WEB)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.SOURCE, message)
    assert finding.predicted_error == f"cannot migrate domain with {number} snapshots"


def test_catches_them_on_a_guest_that_is_moved_offline_too() -> None:
    case = with_snapshots(1).asking(offline=True, guests=("web",))
    assert case.result(RULE, WEB).blocks


def test_passes_guests_without() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED
    assert with_snapshots(1).result(RULE, DB).outcome is Outcome.PASSED


def test_is_unknown_when_libvirt_did_not_tell_of_the_guest() -> None:
    result = Case().guest(lambda guest: guest.update(error="Domain not found")).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "Domain not found")
    assert result.obscures
