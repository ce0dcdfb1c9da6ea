"""Hosts whose clocks do not show the same time."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "clocks-differ"


def ahead(seconds: float, *, end: str = "destination") -> Case:
    """Return the sound pair, one end of which has a clock that is this many seconds ahead."""
    case = Case()
    shown = float(case.hosts[end == "destination"].answers.records["daemons"].out.split()[1])
    return getattr(case, end)("asked-at", str(shown - seconds))  # type: ignore[no-any-return] # by name


def test_catches_a_clock_that_is_ahead() -> None:
    result = ahead(3600).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, "this host's clock is 3600 s ahead of the source's")


def test_catches_a_clock_that_is_behind() -> None:
    [finding] = ahead(90, end="source").result(RULE).findings
    assert finding.message == "this host's clock is 90 s behind the source's"


@pytest.mark.parametrize("seconds", [0, 30, -30])
def test_passes_what_an_answer_may_take(seconds: float) -> None:
    assert ahead(seconds).result(RULE).outcome is Outcome.PASSED


def test_passes_two_that_are_wrong_alike() -> None:
    case = ahead(3600)
    shown = float(case.hosts[0].answers.records["daemons"].out.split()[1])
    assert case.source("asked-at", str(shown - 3600)).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_it_was_not_kept_when_the_host_was_asked() -> None:
    assert Case().source("asked-at", None).result(RULE).outcome is Outcome.UNKNOWN
