"""Guests with autostart set."""

from preflight.judge.report import Outcome
from preflight.rule import Severity
from tests.case import Case

RULE = "autostart-forgotten"


def test_catches_a_guest_that_starts_with_its_host() -> None:
    result = Case().guest(lambda guest: guest.update(autostart=True)).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.INFO, "web")
    assert result.findings[0].message == "autostart is set for web; virsh migrate does not carry it over"


def test_passes_a_guest_that_does_not() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_libvirt_did_not_tell_of_the_guest() -> None:
    assert Case().guest(lambda guest: guest.update(error="gone")).result(RULE).outcome is Outcome.UNKNOWN
