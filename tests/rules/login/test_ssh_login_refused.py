"""The migration needs an ssh login to a host, but the login fails."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role, Transport
from preflight.rule import Severity
from tests.case import Case

RULE = "ssh-login-refused"
DENIED = "root@host2.example.com: Permission denied (publickey)."
CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Host key for host2.example.com has changed and you have requested strict checking.
Host key verification failed.
"""


def refused(said: str) -> Record:
    """Return what ssh prints if it cannot log in."""
    return Record("", 255, said)


def test_catches_a_destination_that_takes_no_key() -> None:
    result = Case().destination("login", refused(DENIED + "\r\n")).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "pair")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"ssh login failed: {DENIED}"
    assert finding.predicted_error == DENIED


def test_catches_a_source_that_cannot_be_reached() -> None:
    said = "ssh: connect to host host1.example.com port 22: Connection refused"
    result = Case().source("login", refused(said)).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert finding.message == f"ssh login failed: {said}"
    assert finding.predicted_error == said


def test_catches_a_login_that_ends_at_once_with_what_libvirt_says_of_it() -> None:
    result = Case().destination("login", refused("the session ended before this was answered")).result(RULE)
    [finding] = result.findings
    assert finding.message == "ssh login failed: the session ended before this was answered"
    assert finding.predicted_error == "End of file while reading data"


def test_predicts_what_ssh_says_of_its_channel_whatever_the_channels_number() -> None:
    said = "channel 1: open failed: connect failed: open failed"
    [finding] = Case().destination("login", refused(said)).result(RULE).findings
    assert finding.message == f"ssh login failed: {said}"
    assert finding.predicted_error == "open failed: connect failed: open failed"


def test_predicts_no_more_of_a_hang_up_than_every_login_says() -> None:
    said = "kex_exchange_identification: read: Connection reset by peer"
    [finding] = Case().destination("login", refused(said)).result(RULE).findings
    assert finding.message == f"ssh login failed: {said}"
    assert finding.predicted_error == "kex_exchange_identification"


def test_catches_both_hosts_at_once() -> None:
    case = Case().source("login", refused("Connection timed out")).destination("login", refused(DENIED))
    assert [finding.host for finding in case.result(RULE).findings] == [Role.SOURCE, Role.DESTINATION]


def test_predicts_the_line_that_libvirts_message_ends_with_where_ssh_says_more_than_one() -> None:
    # libvirt gives all that ssh said between "Cannot recv data:" and the reason of its own
    [finding] = Case().destination("login", refused(CHANGED)).result(RULE).findings
    assert finding.predicted_error == "Host key verification failed."


def test_catches_a_refused_source_in_peer_to_peer_mode_too() -> None:
    case = Case().source("login", refused("Connection timed out")).asking(mode=Mode.PEER_TO_PEER)
    [finding] = case.result(RULE).findings
    assert finding.host is Role.SOURCE


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_login_that_worked_although_ssh_warned() -> None:
    said = "Warning: Permanently added 'host2.example.com' (ED25519) to the list of known hosts.\n"
    assert Case().destination("login", Record("", 0, said)).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("mode", [Mode.PEER_TO_PEER, Mode.TUNNELLED])
def test_passes_a_refused_destination_where_the_sources_daemon_opens_the_connection(mode: Mode) -> None:
    case = Case().destination("login", refused(DENIED)).asking(mode=mode)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_refused_destination_that_libvirt_reaches_over_tls() -> None:
    case = Case().destination("login", refused(DENIED)).asking(transport=Transport.TLS)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_refused_login_at_a_source_that_libvirt_reaches_over_tls() -> None:
    case = Case().source("login", refused("Connection timed out"))
    case.hosts[0] = type(case.hosts[0])("qemu+tls://host1.example.com/system", case.hosts[0].answers)
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("end", ["source", "destination"])
def test_is_unknown_when_preflight_did_not_wait_any_longer(end: str) -> None:
    case = Case()
    getattr(case, end)("login", refused("Warning: Permanently added 'host2' to the list.\nno answer within 1 s"))
    result = case.result(RULE)
    assert (result.outcome, result.obscures) == (Outcome.UNKNOWN, True)
    assert result.reason == "no answer within 1 s; a time limit proves no failure: repeat with a longer one (--timeout)"


def test_catches_a_refusal_beside_a_login_that_was_not_waited_for() -> None:
    case = Case().source("login", refused("no answer within 1 s")).destination("login", refused(DENIED))
    result = case.result(RULE)
    assert [finding.host for finding in result.findings] == [Role.DESTINATION]
    assert result.blocks


@pytest.mark.parametrize("end", ["source", "destination"])
def test_is_unknown_when_no_login_was_tried(end: str) -> None:
    case = Case()
    getattr(case, end)("login", None)
    result = case.result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "login was not answered"
    assert result.obscures
