"""Keepalive messages of a peer-to-peer migration's connection."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Severity
from tests.case import Case

RULE = "peer-connection-closed-when-idle"


def case(conf: str, mode: Mode = Mode.PEER_TO_PEER) -> Case:
    return Case().source("qemu.conf", conf).asking(mode=mode)


@pytest.mark.parametrize("mode", [Mode.PEER_TO_PEER, Mode.TUNNELLED])
def test_catches_a_count_of_none(mode: Mode) -> None:
    result = case("keepalive_interval = 7\nkeepalive_count = 0\n", mode).result(RULE)
    [finding] = result.findings
    assert (result.outcome, result.severity, finding.host) == (Outcome.FAILED, Severity.WARNING, Role.SOURCE)
    assert finding.message == "the connection to the destination is closed after 7 s in which nothing arrives"
    assert finding.predicted_error == "client socket is closed"
    assert finding.location is not None
    assert finding.location.line == 2


@pytest.mark.parametrize(
    "conf", ["", "keepalive_count = 1\n", "keepalive_interval = -1\nkeepalive_count = 0\n", "keepalive_interval = 0\n"]
)
def test_passes_other_settings(conf: str) -> None:
    assert case(conf).result(RULE).outcome is Outcome.PASSED


def test_passes_guests_that_are_off() -> None:
    found = case("keepalive_count = 0\n").asking(offline=True, guests=("web",))
    assert found.result(RULE).outcome is Outcome.PASSED


def test_passes_over_managed_migrations() -> None:
    assert case("keepalive_count = 0\n", Mode.MANAGED).result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("record", ["qemu.conf", "daemons"])
def test_is_unknown_when_the_source_did_not_answer(record: str) -> None:
    assert case("").source(record, None).result(RULE).outcome is Outcome.UNKNOWN
