"""Verdicts and their precedence, exit codes, and which limit binds."""

import itertools

import pytest

from preflight.capacity.limit import Capacity, Limit, Scope
from preflight.judge.report import GuestVerdict, Outcome, Result, RuleText, Verdict, judge
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

TEXT = RuleText("a-rule", "site", "A rule.", "It does.", "By hand.", Severity.ERROR)


def result(outcome: Outcome, severity: Severity = Severity.ERROR) -> Result:
    return Result(TEXT, "pair", severity, outcome)


GREEN = [
    *(result(Outcome.PASSED, severity) for severity in Severity),
    *(result(Outcome.NOT_APPLICABLE, severity) for severity in Severity),
    *(result(Outcome.WAIVED, severity) for severity in Severity),
    result(Outcome.FAILED, Severity.WARNING),
    result(Outcome.FAILED, Severity.INFO),
    result(Outcome.UNKNOWN, Severity.WARNING),
    result(Outcome.UNKNOWN, Severity.INFO),
]
BLOCKER, OPEN = result(Outcome.FAILED), result(Outcome.UNKNOWN)


@pytest.mark.parametrize("one", GREEN, ids=lambda one: f"{one.outcome}-{one.severity}")
def test_what_cannot_stop_a_migration_does_not(one: Result) -> None:
    assert judge([one]) is Verdict.READY
    assert (one.blocks, one.obscures) == (False, False)
    assert judge([one, OPEN]) is judge([OPEN, one]) is Verdict.UNDETERMINED
    assert judge([one, BLOCKER]) is Verdict.NOT_READY


def test_an_unknown_blocker_is_never_green() -> None:
    assert judge([OPEN]) is Verdict.UNDETERMINED
    assert (OPEN.blocks, OPEN.obscures) == (False, True)


def test_a_proven_blocker_outranks_an_unknown_in_any_order() -> None:
    for order in itertools.permutations([BLOCKER, OPEN, GREEN[0], result(Outcome.FAILED, Severity.WARNING)]):
        assert judge(order) is Verdict.NOT_READY
    assert (BLOCKER.blocks, BLOCKER.obscures) == (True, False)


def test_nothing_found_is_ready() -> None:
    assert judge([]) is Verdict.READY


def test_each_verdict_has_an_exit_code_of_its_own() -> None:
    assert {verdict.name: verdict.exit_code for verdict in Verdict} == {"READY": 0, "NOT_READY": 1, "UNDETERMINED": 3}


def test_severities_are_ordered() -> None:
    assert sorted(Severity, key=lambda severity: severity.rank) == [Severity.INFO, Severity.WARNING, Severity.ERROR]


def test_a_report_is_judged_by_all_its_results() -> None:
    report = Case("hosts-line-gone/host1", "hosts-line-gone/host2").report()
    assert report.verdict is judge(report.results) is Verdict.NOT_READY
    assert report.guests == (GuestVerdict("web", Verdict.NOT_READY),)


def limit(allows: int | None, *, name: str = "x", burst: bool = False) -> Limit:
    scope = Scope.BURST if burst else Scope.IN_FLIGHT
    return Limit(name, Role.SOURCE, None, None, allows, scope)


def test_the_lowest_limit_binds_and_the_first_of_equals() -> None:
    capacity = Capacity(
        (limit(9), limit(3, name="first"), limit(3, name="second"), limit(1, name="logins", burst=True))
    )
    assert capacity.binding is capacity.limits[1]
    assert capacity.concurrent == 3
    assert capacity.burst_binding is capacity.limits[3]
    assert (capacity.burst, capacity.unread) == (1, ())


def test_a_limit_of_none_at_all_is_a_limit() -> None:
    capacity = Capacity((limit(0), limit(5)))
    assert (capacity.concurrent, capacity.burst) == (0, 0)


def test_the_start_is_limited_by_what_limits_the_flight_too() -> None:
    capacity = Capacity((limit(2, name="workers"), limit(10, name="logins", burst=True)))
    assert capacity.burst_binding is capacity.limits[0]
    assert capacity.burst == 2


def test_a_limit_that_could_not_be_read_binds_nothing_and_is_not_forgotten() -> None:
    capacity = Capacity((limit(None, name="clients"), limit(4)))
    assert capacity.concurrent == 4
    assert [one.name for one in capacity.unread] == ["clients"]


def test_no_limit_read_is_no_number() -> None:
    capacity = Capacity((limit(None), limit(None, burst=True)))
    assert (capacity.binding, capacity.concurrent, capacity.burst_binding, capacity.burst) == (None, None, None, None)
    assert len(capacity.unread) == 2
