"""libvirt-unreachable: the daemon runs, and the connection fails."""

import json
import re

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role, Transport
from preflight.rule import Severity
from tests.case import Case

RULE = "libvirt-unreachable"
DENIED = "authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'"
URI = "qemu+ssh://host2.example.com/system"


def connect(uri: str = URI, *, error: str | None = DENIED, hung: bool = False) -> str:
    return json.dumps({"uri": uri, "error": error, "code": 38, "hung": hung})


def test_catches_a_refusal() -> None:
    case = Case().destination("libvirt.connect", connect())
    result = case.result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert (finding.message, finding.host) == (f"{URI} cannot be opened: {DENIED}", Role.DESTINATION)
    assert finding.predicted_error == DENIED
    assert case.result(RULE, "source").outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("error", "names_sasl"),
    [
        ("authentication failed: authentication failed", True),
        ("authentication failed: Failed to start SASL negotiation: -4 (SASL(-4): no mechanism available: )", True),
        ("authentication failed: Failed to verify peer's certificate", False),
        ("authentication failed: access denied by policy", False),
    ],
)
def test_catches_a_login_by_sasl_and_says_how_to_give_one(error: str, *, names_sasl: bool) -> None:
    uri = "qemu+tcp://host2.example.com/system"
    case = Case().destination("libvirt.connect", connect(uri, error=error)).asking(transport=Transport.TCP)
    [finding] = case.result(RULE, "destination").findings
    assert (finding.fix is not None and "SASL" in finding.fix) is names_sasl


def silent() -> Case:
    """Return a pair whose destination did not open the connection within the time limit."""
    said = f"no answer from {URI} within 60 s"
    return Case().destination("libvirt.connect", connect(error=said, hung=True))


def test_catches_a_daemon_that_accepts_no_more_clients_and_predicts_no_message() -> None:
    """The migration waits without a message."""
    case = silent().destination("limits", lambda text: re.sub(r"(nclients(?:_max)?) *: .*", r"\1 : 7", text))
    [finding] = case.result(RULE, "destination").findings
    assert finding.message == f"{URI} cannot be opened: libvirtd has 7 clients, and max_clients is 7"
    assert (finding.host, finding.predicted_error) == (Role.DESTINATION, None)


@pytest.mark.parametrize("limits", ["", None])
def test_is_unknown_when_no_answer_came_in_time_and_nothing_says_why(limits: str | None) -> None:
    for case in (silent(), silent().destination("limits", limits)):
        result = case.result(RULE, "destination")
        assert (result.outcome, result.obscures) == (Outcome.UNKNOWN, True)
        assert result.reason == (
            f"no answer from {URI} within 60 s; a time limit proves no failure: repeat with a longer one (--timeout)"
        )


def test_catches_a_daemon_that_does_not_listen_for_tls() -> None:
    uri = "qemu+tls://host2.example.com/system"
    refused = "unable to connect to server at 'host2.example.com:16514': Connection refused"
    case = Case().destination("libvirt.connect", connect(uri, error=refused)).asking(transport=Transport.TLS)
    (finding,) = case.result(RULE, "destination").findings
    assert (finding.message, finding.predicted_error) == (f"{uri} cannot be opened: {refused}", refused)


def test_catches_a_refusal_over_tls_whatever_ssh_would_need() -> None:
    case = Case().destination("libvirt.connect", connect("qemu+tls://host2.example.com/system"))
    case.destination("helpers", "").asking(transport=Transport.TLS)
    assert case.result(RULE, "destination").outcome is Outcome.FAILED


def test_passes_a_connection_that_was_opened() -> None:
    assert Case().result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_a_host_without_a_daemon() -> None:
    """The rule libvirt-not-running reports this."""
    case = Case().destination("libvirt.connect", connect())
    case.destination("daemons", lambda text: text.replace("process libvirtd", "process virtlockd"))
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_a_host_that_has_nothing_to_join_ssh_to_the_socket() -> None:
    """The rule remote-helper-missing reports this."""
    case = Case().destination("libvirt.connect", connect()).destination("helpers", "")
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


@pytest.mark.parametrize("record", ["libvirt.connect", "daemons", "helpers"])
def test_is_unknown_when_the_host_did_not_answer(record: str) -> None:
    case = Case().destination("libvirt.connect", connect()).destination(record, None)
    result = case.result(RULE, "destination")
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"{record} was not answered")


def test_is_unknown_when_the_snapshot_was_taken_over_another_transport() -> None:
    result = Case().asking(transport=Transport.TLS).result(RULE, "destination")
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "the snapshot of host2.example.com was taken over ssh, not tls"


@pytest.mark.parametrize(
    "error",
    [
        "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
        "authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'",
        "authentication failed: access denied by policy",
    ],
)
def test_a_user_without_the_right_to_manage_libvirt_gets_the_advice(error: str) -> None:
    [finding] = Case().destination("libvirt.connect", connect(error=error)).result(RULE, "destination").findings
    assert "usermod -aG libvirt USER" in (finding.fix or "")


def test_other_failures_have_no_such_advice() -> None:
    for error in (
        "host2: Permission denied (publickey).",
        "Cannot recv data: Connection reset by peer",
    ):  # ssh's, no right of libvirt's
        [finding] = Case().destination("libvirt.connect", connect(error=error)).result(RULE, "destination").findings
        assert finding.fix is None
