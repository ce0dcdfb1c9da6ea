"""Settings of ssh's client that break libvirt's connection, although a login works."""

import pytest

from preflight.facts import SshClient
from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role, Transport
from preflight.rule import Severity
from tests.case import Case

RULE = "ssh-client-misconfigured"
HARMLESS = "controlmaster false\npermitlocalcommand no\nsessiontype default\nstdinnull no\n"
LOCAL = "permitlocalcommand yes\nlocalcommand "
#: Paths of 108 and 91 bytes, and of the longest that ssh can make a socket at.
TOO_LONG, NO_ROOM, ROOM = "/tmp/" + "c" * 103, "/tmp/" + "c" * 86, "/tmp/" + "c" * 85


@pytest.mark.parametrize(
    ("settings", "message", "error"),
    [
        (f"controlpath {TOO_LONG}\n", "a ControlPath of more than 107 bytes", "ControlPath too long"),
        (f"controlmaster auto\ncontrolpath {TOO_LONG}\n", "more than 107 bytes", "ControlPath too long"),
        (f"controlmaster auto\ncontrolpath {NO_ROOM}\n", "more than 90 bytes", "too long for Unix domain socket"),
        (
            "controlmaster auto\ncontrolpath /root/m/a\ndirectory missing\n",
            "whose directory does not exist: /root/m/a",
            "Cannot recv data: unix_listener: cannot bind to path /root/m/a",
        ),
        (
            "controlmaster ask\ncontrolpath /root/m/a\ndirectory closed\n",
            "whose directory is not writable",
            "Cannot recv data: unix_listener: cannot bind to path /root/m/a",
        ),
        (
            "sessiontype none\nremotecommand tmux new -A\n",
            "RemoteCommand tmux new -A",
            "Cannot execute command-line and remote command.",
        ),
        ("sessiontype none\nstdinnull yes\n", "SessionType none", None),
        ("sessiontype subsystem\n", "SessionType subsystem", "subsystem request failed on channel"),
        ("stdinnull yes\n", "StdinNull yes", "EOF on stdin"),
        (f"{LOCAL}echo hello\n", "LocalCommand echo hello", "bytes received from server too large"),
        (f"{LOCAL}/bin/echo 'to %h' 2>/dev/null\n", "LocalCommand /bin/echo", "bytes received from server too large"),
        (f"{LOCAL}printf x 2>&1\n", "LocalCommand printf", "bytes received from server too large"),
    ],
)
def test_catches_a_setting_that_breaks_the_connection(settings: str, message: str, error: str | None) -> None:
    result = Case().destination("ssh.client", settings).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message.startswith("ssh's configuration for this host, on the control machine, has ")
    assert message in finding.message
    assert finding.predicted_error == error


def test_catches_a_setting_for_the_source_even_if_it_opens_the_destination() -> None:
    case = Case().source("ssh.client", "stdinnull yes\n").asking(mode=Mode.PEER_TO_PEER)
    [finding] = case.result(RULE).findings
    assert finding.host is Role.SOURCE


@pytest.mark.parametrize(
    "settings",
    [
        HARMLESS,
        f"controlmaster auto\ncontrolpath {ROOM}\ndirectory open\n",
        f"controlpath {NO_ROOM}\n",
        "controlpath /root/m/a\n",
        "controlpath none\ncontrolmaster auto\n",
        "permitlocalcommand no\nlocalcommand echo hello\n",
        f"{LOCAL}none\n",
        f"{LOCAL}echo hello >&2\n",
        f"{LOCAL}echo hello 2>&1 >/dev/null\n",
        f"{LOCAL}/usr/local/bin/on-login %h >>/tmp/log\n",
        f"{LOCAL}notify-send connected\n",
        "remotecommand none\nsessiontype default\n",
        "",
    ],
)
def test_passes_a_setting_that_is_none_of_libvirts_business(settings: str) -> None:
    assert Case().destination("ssh.client", settings).result(RULE).outcome is Outcome.PASSED


def test_passes_a_destination_that_the_source_opens() -> None:
    case = Case().destination("ssh.client", "stdinnull yes\n").asking(mode=Mode.PEER_TO_PEER)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_destination_that_is_opened_over_tls() -> None:
    case = Case().destination("ssh.client", "stdinnull yes\n").asking(transport=Transport.TLS)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_hosts_whose_snapshots_do_not_have_the_settings() -> None:
    assert Case().source("ssh.client", None).destination("ssh.client", None).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("command", ["~/bin/on-login", "echo `date` >&2", "true; echo hello", "echo $(tty) >&2", ""])
def test_is_unknown_when_a_command_may_print(command: str) -> None:
    result = Case().destination("ssh.client", f"{LOCAL}{command}\n").result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason is not None
    assert result.reason.startswith(f"LocalCommand {command} may print")


def test_is_unknown_when_ssh_did_not_name_its_settings() -> None:
    result = Case().destination("ssh.client", Record("", 255, "ssh -G did not end within 10 s")).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "ssh -G did not end within 10 s")


def test_names_of_the_settings_are_read_once() -> None:
    client = SshClient.parse(Record("stdinnull yes\nstdinnull no\nnothing\n"))
    assert client.stdin_null
