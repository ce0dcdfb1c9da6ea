"""Hosts with different releases of the operating system."""

import pytest

from preflight.answers import MISSING, Answers, Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Finding, Severity
from tests.case import Case

RULE = "os-release-differs"
ROLLING = 'NAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n'


def test_catches_a_newer_release_of_the_destination() -> None:
    result = Case("ready/host1", "newer/host3").result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.WARNING, "pair")
    assert result.findings == (
        Finding(
            "this host runs Debian GNU/Linux 13 (trixie), but the source runs Debian GNU/Linux 12 (bookworm)",
            host=Role.DESTINATION,
        ),
    )


def test_catches_an_older_release_of_the_destination() -> None:
    (finding,) = Case("newer/host3", "ready/host2").result(RULE).findings
    assert (
        finding.message
        == "this host runs Debian GNU/Linux 12 (bookworm), but the source runs Debian GNU/Linux 13 (trixie)"
    )


def test_catches_another_distribution_of_the_same_number() -> None:
    (finding,) = Case().source("os-release", "ID=ol\nVERSION_ID=12\n").result(RULE).findings
    assert finding.message == "this host runs Debian GNU/Linux 12 (bookworm), but the source runs ol 12"


def test_catches_a_minor_release() -> None:
    case = (
        Case()
        .source("os-release", 'ID="rhel"\nVERSION_ID="9.4"\n')
        .destination("os-release", "ID=rhel\nVERSION_ID=9.2\n")
    )
    assert case.result(RULE).outcome is Outcome.FAILED


def test_catches_a_release_against_none() -> None:
    case = Case().destination("os-release", "ID=debian\n")
    (finding,) = case.result(RULE).findings
    assert finding.message == "this host runs debian, but the source runs Debian GNU/Linux 12 (bookworm)"


def test_passes_the_same_release() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_the_same_release_under_another_spelling() -> None:
    case = Case().destination("os-release", '# by hand\nVERSION_ID=\'12\'\nID="debian"\nPRETTY_NAME="Our own build"\n')
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_another_kernel() -> None:
    assert Case().destination("kernel", "Linux 5.4.0 x86_64\n").result(RULE).outcome is Outcome.PASSED


def test_passes_two_hosts_of_a_rolling_release() -> None:
    case = Case().source("os-release", ROLLING).destination("os-release", ROLLING)
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("end", ["source", "destination"])
def test_is_unknown_when_a_host_did_not_answer(end: str) -> None:
    result = getattr(Case(), end)("os-release", None).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "os-release was not answered")
    assert not result.obscures


def test_is_unknown_when_a_host_has_no_such_file() -> None:
    case = Case()
    answers: Answers = case.hosts[1].answers
    answers.records["os-release"] = Record("", MISSING)
    assert case.result(RULE).outcome is Outcome.UNKNOWN
