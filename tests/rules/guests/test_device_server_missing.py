"""Servers that a device of the guest connects to."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "device-server-missing"
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "0A 00000000:00000000 00:00000000 00000000     0        0 18421 1 0000000000000000 100 0 0 10 0\n"
#: Something listens on port 4555 of 127.0.0.1.
TABLE = f"{HEAD}   0: 0100007F:11CB 00000000:0000 {REST}"


def serial(host: str, *, port: int = 4555, inside: str = "", mode: str = "connect") -> Case:
    source = f"<source mode='{mode}' host='{host}' service='{port}'>{inside}</source>"
    device = f"<serial type='tcp'>{source}<protocol type='raw'/><target port='0'/></serial>"
    return Case().xml("</devices>", f"{device}</devices>").destination("sockets", TABLE)


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 4556), ("localhost", 4556), ("192.0.2.12", 4555), ("0.0.0.0", 4556)]
)
def test_catches_a_port_of_the_destination_that_nothing_listens_on(host: str, port: int) -> None:
    result = serial(host, port=port).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"nothing listens on port {port} here, which the guest connects to (serial)"
    assert finding.predicted_error == f"Failed to connect to '{host}:{port}': Connection refused"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_passes_a_server_that_listens_there(host: str) -> None:
    assert serial(host).result(RULE).outcome is Outcome.PASSED


def test_passes_a_device_that_goes_on_without_its_server() -> None:
    case = serial("127.0.0.1", port=4556, inside="<reconnect enabled='yes' timeout='5'/>")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_device_that_is_a_server_itself() -> None:
    assert serial("127.0.0.1", port=4556, mode="bind").result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("host", ["192.0.2.11", "198.51.100.7", "console.example.com"])
def test_says_as_information_that_another_hosts_server_may_refuse(host: str) -> None:
    result = serial(host).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.INFO)
    assert result.findings[0].predicted_error is None
    assert "it is unknown whether the server there accepts connections" in result.findings[0].message


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = serial("127.0.0.1", port=4556).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("record", ["sockets", "addresses", "etc.hosts"])
def test_is_unknown_when_the_destination_did_not_answer(record: str) -> None:
    assert Case().destination(record, None).result(RULE).outcome is Outcome.UNKNOWN
