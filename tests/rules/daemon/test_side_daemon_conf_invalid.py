"""side-daemon-conf-invalid: daemons that libvirt needs, and that would not start again with their files."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "side-daemon-conf-invalid"
MODULAR = "clock 1795396000.0 100.00 100\nprocess virtqemud 71 500\nsocket virtqemud-sock\n"
LOGS = "clock 1795396000.0 100.00 100\nprocess libvirtd 71 500\nprocess virtlogd 70 400\nsocket libvirt-sock\n"


def case(daemons: str, name: str, line: str, *, listens: bool = True) -> Case:
    """Return the sound pair, with this line in the daemon's file on the destination."""
    socket = f"listens /run/libvirt/{name}-sock\n" if listens else ""
    said = f"{socket}\x1f\n/etc/libvirt/{name}.conf:7:{line}\n"
    return Case().destination("daemons", daemons).destination("side-daemons", said)


@pytest.mark.parametrize(("daemons", "name"), [(MODULAR, "virtnetworkd"), (MODULAR, "virtsecretd"), (LOGS, "virtlogd")])
def test_catches_a_file_with_which_the_daemon_would_not_start(daemons: str, name: str) -> None:
    result = case(daemons, name, 'max_clients = "many"').result(RULE)
    [finding] = result.findings
    assert (result.severity, finding.host) == (Severity.WARNING, Role.DESTINATION)
    assert finding.message.startswith(f"{name} will not start with this max_clients: ")
    assert finding.location is not None
    assert (finding.location.path, finding.location.line) == (f"/etc/libvirt/{name}.conf", 7)


@pytest.mark.parametrize("name", ["virtnetworkd", "virtlogd"])
def test_catches_a_file_that_cannot_be_parsed(name: str) -> None:
    daemons = MODULAR if name == "virtnetworkd" else LOGS
    assert "cannot be parsed" in case(daemons, name, "max_clients 5").result(RULE).findings[0].message


@pytest.mark.parametrize(
    "sound",
    [
        case(MODULAR, "virtnetworkd", "max_clients = 5000"),
        case(LOGS, "virtnetworkd", 'max_clients = "many"'),
        case(LOGS, "virtlockd", 'max_clients = "many"'),
        case(MODULAR, "virtnetworkd", 'max_clients = "many"', listens=False),
    ],
    ids=["sound", "libvirtd has networks itself", "virtlockd does not run", "nothing would start it"],
)
def test_passes_what_starts_or_is_reported_elsewhere(sound: Case) -> None:
    assert sound.result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_files_were_not_read() -> None:
    result = Case().destination("side-daemons", "listens").result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "the list of libvirt's sockets is truncated")
