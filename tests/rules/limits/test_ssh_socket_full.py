"""ssh-socket-full: connections beyond the limits of a socket that starts an sshd for each."""

from collections.abc import Callable

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role, Transport
from preflight.rule import Severity
from tests.case import Case

RULE = "ssh-socket-full"


def socket(most: int = 64, each: int = 0, burst: int = 200, now: int = 1) -> str:
    """Return what systemd 252 shows of a socket that accepts."""
    return (
        f"Accept=yes\nMaxConnections={most}\nMaxConnectionsPerSource={each}\nNConnections={now}\n"
        f"TriggerLimitIntervalUSec=2s\nTriggerLimitBurst={burst}\nId=ssh.socket\nActiveState=active\n"
    )


def on(end: Callable[..., Case], shown: str, at_once: int = 3) -> Case:
    return end("sshd.listener", shown).asking(concurrency=at_once)


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        (
            socket(most=4, now=3),
            "MaxConnections of ssh.socket is 4: 2 other ssh connections are open, and 3 more are requested",
        ),
        (
            socket(each=2),
            "MaxConnectionsPerSource of ssh.socket is 2, but 3 connections from one address are requested",
        ),
        (socket(burst=2), "TriggerLimitBurst of ssh.socket is 2: it fails if 3 connections begin within 2 s"),
    ],
)
def test_catches_a_limit_of_the_unit(shown: str, message: str) -> None:
    result = on(Case().destination, shown).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    (finding,) = result.findings
    assert (finding.message, finding.host) == (message, Role.DESTINATION)
    assert finding.predicted_error == "kex_exchange_identification"


def test_catches_the_sources_unit_where_each_client_logs_in_there_too() -> None:
    (finding,) = on(Case().source, socket(each=2)).result(RULE).findings
    assert finding.host is Role.SOURCE


@pytest.mark.parametrize("shown", [socket(most=3), socket(each=3), socket(burst=3), socket()])
def test_passes_limits_that_suffice(shown: str) -> None:
    assert on(Case().destination, shown).result(RULE).outcome is Outcome.PASSED


def test_passes_an_sshd_that_listens_by_itself() -> None:
    assert Case().asking(concurrency=300).result(RULE).outcome is Outcome.PASSED


def test_maxstartups_counts_nothing_there() -> None:
    case = on(on(Case().destination, socket(), 12).source, socket(), 12)
    assert case.result("ssh-maxstartups-burst").outcome is Outcome.PASSED
    assert Case().asking(concurrency=12).result("ssh-maxstartups-burst").outcome is Outcome.FAILED


def test_does_not_apply_without_ssh() -> None:
    result = Case().asking(transport=Transport.TLS).result(RULE)
    assert result.outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_sshds_configuration_could_not_be_read() -> None:
    assert Case().destination("sshd.effective", None).result(RULE).outcome is Outcome.UNKNOWN
