"""firewall-rate-exceeded: more connections at one instant than the destination's firewall accepts."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role, Transport
from preflight.rule import Severity
from tests.case import Case
from tests.unit.capacity.test_path import at_most, filtered, on_port

RULE = "firewall-rate-exceeded"
COUNT = '{"ct count": {"val": 3, "inv": true}}'


def test_catches_more_logins_than_are_accepted() -> None:
    result = filtered(on_port(22, at_most(5))).asking(concurrency=5).result(RULE)
    [finding] = result.findings
    assert (result.outcome, result.severity, finding.host) == (Outcome.FAILED, Severity.ERROR, Role.DESTINATION)
    assert finding.message == (
        "the firewall accepts 5 connections to port 22 at once (6/minute burst 5), but 6 are opened for 5 simultaneous"
        " migrations; beyond that: reject by table inet t chain i: tcp dport 22 limit reject"
    )
    assert finding.predicted_error == "ssh: connect to host "


def test_catches_more_open_connections_than_are_accepted() -> None:
    assert filtered(on_port(22, COUNT)).asking(concurrency=3).result(RULE).severity is Severity.ERROR
    assert filtered(on_port(22, COUNT)).asking(concurrency=2).result(RULE).outcome is Outcome.PASSED


def test_catches_more_connections_for_data_than_are_accepted() -> None:
    case = filtered(on_port(49152, at_most(4)))
    [finding] = case.asking(concurrency=5).result(RULE).findings
    assert finding.predicted_error == "unable to connect to server at '"
    assert case.asking(concurrency=4).result(RULE).outcome is Outcome.PASSED
    assert case.asking(concurrency=2, parallel=True).result(RULE).outcome is Outcome.FAILED
    assert case.asking(concurrency=5, mode=Mode.TUNNELLED, parallel=False).result(RULE).outcome is Outcome.PASSED


def test_catches_more_connections_to_the_daemon_than_are_accepted() -> None:
    case = filtered(on_port(16514, at_most(4)))
    assert case.asking(concurrency=4, transport=Transport.TLS).result(RULE).outcome is Outcome.FAILED
    assert case.asking(concurrency=4, transport=Transport.SSH).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(("concurrency", "severity"), [(10, Severity.WARNING), (20, Severity.ERROR)])
def test_dropped_connections_are_a_risk_as_long_as_the_kernel_tries_again(concurrency: int, severity: Severity) -> None:
    """A token is there every 10 seconds, and the kernel tries for a minute."""
    case = filtered(on_port(22, at_most(5)).replace('"reject"', '"drop"'))
    assert case.asking(concurrency=concurrency).result(RULE).severity is severity


def test_passes_over_one_migration() -> None:
    result = filtered(on_port(22, at_most(1))).result(RULE)
    assert result.outcome is Outcome.NOT_APPLICABLE
    assert result.reason == "one migration starts alone"


def test_is_unknown_when_the_rules_could_not_be_read() -> None:
    case = Case().destination("nft", None).destination("iptables", None)
    assert case.asking(concurrency=20).result(RULE).outcome is Outcome.UNKNOWN


def test_passes_without_a_rate() -> None:
    assert filtered(on_port(80, at_most(1))).asking(concurrency=20).result(RULE).outcome is Outcome.PASSED
