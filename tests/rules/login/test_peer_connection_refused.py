"""The source's daemon cannot connect to the destination's libvirt, which a peer-to-peer migration needs."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Severity
from tests.case import Case

RULE = "peer-connection-refused"
ASKED = "connect:qemu+ssh://host2.example.com/system"
REFUSED = "Cannot recv data: Host key verification failed.: Connection reset by peer"


def answered(answer: Record, mode: Mode = Mode.PEER_TO_PEER) -> Case:
    """Return the sound pair, whose source gave this answer when it was asked to open the destination's libvirt."""
    return Case().source(ASKED, answer).asking(mode=mode)


@pytest.mark.parametrize("mode", [Mode.PEER_TO_PEER, Mode.TUNNELLED])
def test_catches_a_source_whose_root_does_not_know_the_destinations_host_key(mode: Mode) -> None:
    said = f"error: failed to connect to the hypervisor\nerror: {REFUSED}\n"
    result = answered(Record("", 1, said), mode).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "source")
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert finding.message == f"root on the source cannot connect to the destination's libvirt: {REFUSED}"
    assert finding.predicted_error == REFUSED


def test_catches_a_login_by_sasl_and_says_how_to_give_one() -> None:
    said = "error: failed to connect to the hypervisor\nerror: authentication failed: authentication failed\n"
    [finding] = answered(Record("", 1, said)).result(RULE).findings
    assert finding.fix is not None
    assert "saslpasswd2 -a libvirt USER), and give the password to the source" in finding.fix


@pytest.mark.parametrize(
    ("said", "predicted"),
    [
        (
            "Cannot recv data: unix_listener: cannot bind to path /root/m/root@host2:22.sv4xqol5wqodTZEy: Is a file",
            "Cannot recv data: unix_listener: cannot bind to path /root/m/root@host2:22",
        ),
        (
            'Cannot recv data: unix_listener: path "/tmp/m.kMtpFfFsFU2Gbyk3" too long for Unix domain socket',
            'Cannot recv data: unix_listener: path "/tmp/m',
        ),
        ("the ssh configuration of root has SessionType none for it", None),
    ],
)
def test_predicts_nothing_that_differs_each_time(said: str, predicted: str | None) -> None:
    [finding] = answered(Record("", 1, f"{'error: ' if predicted else ''}{said}\n")).result(RULE).findings
    assert finding.predicted_error == predicted


def test_catches_a_failure_that_came_without_a_reason() -> None:
    [finding] = answered(Record("", 1, "error: failed to connect to the hypervisor\n")).result(RULE).findings
    assert finding.message.endswith("virsh gave no reason")
    assert finding.predicted_error is None


def test_passes_a_source_that_opened_it() -> None:
    assert answered(Record("host2.example.com\n")).result(RULE).outcome is Outcome.PASSED


def test_passes_a_connection_that_opened_although_ssh_warned() -> None:
    said = "Warning: Permanently added 'host2.example.com' (ED25519) to the list of known hosts.\n"
    assert answered(Record("host2.example.com\n", 0, said)).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_managed_migration() -> None:
    refused = Record("", 1, f"error: {REFUSED}\n")
    result = answered(refused, Mode.MANAGED).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.NOT_APPLICABLE, "the migration is not peer-to-peer")


def test_is_unknown_when_a_snapshot_was_not_asked() -> None:
    result = Case().asking(mode=Mode.PEER_TO_PEER).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "the snapshot does not record whether the source can open the destination's libvirt"
    assert result.obscures


@pytest.mark.parametrize(
    "answer",
    [Record("", 1, "sudo: a password is required\n"), Record("", 127, "sh: 1: virsh: not found\n")],
    ids=["no root by sudo", "no virsh on the source"],
)
def test_is_unknown_when_the_source_could_not_try(answer: Record) -> None:
    result = answered(answer).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason is not None
    assert result.reason.startswith("the source did not try to connect")
