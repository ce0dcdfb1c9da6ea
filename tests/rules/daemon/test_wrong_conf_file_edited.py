"""wrong-conf-file-edited: settings in the file of the daemon that does not serve."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Finding, Location, Severity
from tests.case import Case

RULE = "wrong-conf-file-edited"


def modular(text: str) -> str:
    """Return the list of daemons of a host whose guests belong to virtqemud."""
    return text.replace("process libvirtd ", "process virtqemud ") + "socket virtqemud-sock\n"


def test_catches_libvirtds_file_where_virtqemud_serves() -> None:
    case = Case().destination("daemons", modular).destination("libvirtd.conf", "max_workers = 40\n")
    result = case.result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    assert result.findings == (
        Finding(
            "max_workers is set in /etc/libvirt/libvirtd.conf, which virtqemud does not read",
            host=Role.DESTINATION,
            location=Location("/etc/libvirt/libvirtd.conf", 1, 15, 17, "max_workers = 40"),
        ),
    )


def test_catches_virtqemuds_file_where_libvirtd_serves() -> None:
    case = Case().destination("virtqemud.conf", "max_clients = 40\nkeepalive_interval = -1\n")
    messages = [finding.message for finding in case.result(RULE, "destination").findings]
    assert messages == [
        "max_clients is set in /etc/libvirt/virtqemud.conf, which libvirtd does not read",
        "keepalive_interval is set in /etc/libvirt/virtqemud.conf, which libvirtd does not read",
    ]


def told_another(text: str) -> str:
    return f"reads /srv/other.conf libvirtd\n{text}\x1f/srv/other.conf\nmax_workers = 30\n\n"


def test_catches_the_usual_file_of_a_daemon_that_was_told_to_read_another() -> None:
    case = Case().destination("daemons", told_another).destination("libvirtd.conf", "max_clients = 40\n")
    messages = [finding.message for finding in case.result(RULE, "destination").findings]
    assert messages == ["max_clients is set in /etc/libvirt/libvirtd.conf, which libvirtd does not read"]


def test_passes_what_the_other_file_says_too() -> None:
    case = Case().destination("daemons", told_another).destination("libvirtd.conf", "max_workers = 30\n")
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_a_file_of_remarks_alone_and_one_that_is_not_there() -> None:
    case = Case().destination("virtqemud.conf", "# max_clients = 40\n").source("virtqemud.conf", Record("", 44))
    assert case.result(RULE, "destination").outcome is Outcome.PASSED
    assert case.result(RULE, "source").outcome is Outcome.PASSED


def test_passes_what_both_files_say() -> None:
    case = Case().destination("virtqemud.conf", "max_clients = 40\n")
    case.destination("libvirtd.conf", lambda text: text + "max_clients = 40\n")
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_settings_of_the_network_which_are_virtproxyds_then() -> None:
    case = Case().destination("daemons", modular).destination("libvirtd.conf", "listen_tcp = 1\n")
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


@pytest.mark.parametrize("record", ["daemons", "virtqemud.conf"])
def test_is_unknown_when_the_host_did_not_answer(record: str) -> None:
    result = Case().destination(record, None).result(RULE, "destination")
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"{record} was not answered")
    assert not result.obscures
