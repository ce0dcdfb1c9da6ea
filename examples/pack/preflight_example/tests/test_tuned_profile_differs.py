"""Tests of the rule tuned-profile-differs."""

from pathlib import Path

from preflight.testing import Case, Outcome, Record

RULE = "tuned-profile-differs"


def case(source: str | None, destination: str | Record | None) -> Case:
    """Return two hosts with these answers to the pack's question."""
    made = Case(rules=Path(__file__).parents[1])
    return made.source("example.tuned-profile", source).destination("example.tuned-profile", destination)


def test_catches_another_profile() -> None:
    result = case("virtual-host\n", "balanced\n").result(RULE)
    assert result.outcome is Outcome.FAILED
    assert result.findings[0].message == "tuned's profile is balanced, on the source virtual-host"


def test_catches_a_host_without_tuned() -> None:
    result = case("virtual-host\n", Record("", 44)).result(RULE)
    assert result.findings[0].message == "tuned's profile is none, on the source virtual-host"


def test_passes_the_same_profile() -> None:
    assert case("virtual-host\n", "virtual-host\n").result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_a_host_did_not_answer() -> None:
    assert case("virtual-host\n", None).result(RULE).outcome is Outcome.UNKNOWN


def test_is_unknown_when_the_answer_is_no_name() -> None:
    assert case("virtual-host\n", "\n").result(RULE).outcome is Outcome.UNKNOWN
