"""Source and destination are the same host."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "same-host"
UUID = "815ad1c0-58df-1b7b-a9c0-998e2aa8a7b4"


def test_catches_a_host_that_was_named_twice() -> None:
    result = Case("ready/host1", "ready/host1").result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "pair")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "this is the source itself: host1.example.com, with the same libvirt daemon"
    assert finding.predicted_error == f"Attempt to migrate guest to the same host {UUID}"


def test_catches_one_daemon_that_was_asked_at_two_moments() -> None:
    def later(text: str) -> str:
        return text.replace("clock 1795396005.591205347 3819.71", "clock 1795396012.600000000 3826.72")

    assert Case("ready/host1", "ready/host1").destination("daemons", later).result(RULE).outcome is Outcome.FAILED


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_clone_that_shares_every_identifier_but_runs_a_daemon_of_its_own() -> None:
    case = Case("ready/host1", "ready/host1")
    case.destination("daemons", lambda text: text.replace("libvirtd 57 381490", "libvirtd 58 381517"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_two_hosts_that_were_booted_alike_to_the_tick() -> None:
    # one image started twice: the same process ID at the same tick, but different names and machine IDs
    case = Case().destination("daemons", lambda text: text.replace("libvirtd 57 381517", "libvirtd 57 381490"))
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("record", "other"),
    [("machine-id", "e7bc2d0fceee1bdfd691a80c783173b4\n"), ("kernel.hostname", "host2.example.com\n")],
)
def test_passes_a_host_that_differs_in_one_thing_alone(record: str, other: str) -> None:
    assert Case("ready/host1", "ready/host1").destination(record, other).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("end", ["source", "destination"])
@pytest.mark.parametrize("record", ["libvirt.capabilities", "kernel.hostname", "machine-id", "daemons"])
def test_is_unknown_when_either_host_does_not_say_who_it_is(end: str, record: str) -> None:
    case = Case("ready/host1", "ready/host1")
    getattr(case, end)(record, None)
    result = case.result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.obscures
