"""Tests of the rule guest-without-description."""

from pathlib import Path

from preflight.testing import Case, Outcome

RULE = "guest-without-description"


def case() -> Case:
    return Case(rules=Path(__file__).parents[1])


def test_catches_a_guest_without_one() -> None:
    result = case().result(RULE)
    assert result.outcome is Outcome.FAILED
    assert result.findings[0].message == "the guest has no description"


def test_catches_an_empty_one() -> None:
    made = case().xml("<memory", "<description> </description><memory")
    assert made.result(RULE).outcome is Outcome.FAILED


def test_passes_a_guest_with_one() -> None:
    made = case().xml("<memory", "<description>***</description><memory")
    assert made.result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_guests_are_not_known() -> None:
    assert case().source("libvirt.domains", None).result(RULE).outcome is Outcome.UNKNOWN
