"""clients-limit: room for another connection to the libvirt daemon."""

import pytest

from preflight.answers import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role, Transport
from preflight.rule import Change, Finding, Location, Severity
from tests.case import Case

RULE = "clients-limit"


def in_use(clients: int, most: int = 5000) -> "Case":
    """Return the sound pair with this many connections to the source's daemon; one of them is preflight's own."""
    return Case().source(
        "limits",
        lambda text: text.replace("nclients            : 1\n", f"nclients            : {clients}\n").replace(
            "nclients_max        : 5000", f"nclients_max        : {most}"
        ),
    )


def test_catches_one_migration_more_than_there_is_room_for() -> None:
    case = in_use(4998).asking(concurrency=4)
    result = case.result(RULE, "source")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    assert result.findings == (
        Finding(
            "max_clients is 5000, of which 4997 are in use: there is room for 3, but 4 are requested",
            host=Role.SOURCE,
            change=Change("/etc/libvirt/libvirtd.conf", "max_clients", 5001),
        ),
    )
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


def test_catches_the_limit_that_a_file_sets_and_points_at_it() -> None:
    case = (
        Case()
        .destination("limits", lambda text: text.replace("nclients_max        : 5000", "nclients_max        : 25"))
        .destination("libvirtd.conf", lambda text: text + "max_clients = 25\n")
        .asking(concurrency=26)
    )
    assert case.result(RULE, "destination").findings == (
        Finding(
            "max_clients is 25, of which 0 are in use: there is room for 25, but 26 are requested",
            host=Role.DESTINATION,
            location=Location("/etc/libvirt/libvirtd.conf", 540, 15, 17, "max_clients = 25"),
            change=Change("/etc/libvirt/libvirtd.conf", "max_clients", 26),
        ),
    )


def test_catches_the_limit_in_force_where_the_file_promises_more() -> None:
    case = in_use(1, most=25).source("libvirtd.conf", lambda text: text + "max_clients = 900\n").asking(concurrency=26)
    (finding,) = case.result(RULE, "source").findings
    assert finding.message == "max_clients is 25, of which 0 are in use: there is room for 25, but 26 are requested"
    assert finding.location is None


def test_catches_a_full_daemon_even_for_one_migration() -> None:
    (finding,) = in_use(30, most=29).result(RULE, "source").findings
    assert finding.message == "max_clients is 29, of which 29 are in use: there is room for 0, but 1 are requested"


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("offline", [False, True])
def test_catches_it_in_every_mode(mode: Mode, *, offline: bool) -> None:
    case = in_use(5000).asking(concurrency=2, mode=mode, offline=offline)
    assert case.result(RULE, "source").outcome is Outcome.FAILED


def test_passes_the_very_last_that_there_is_room_for() -> None:
    assert in_use(4998).asking(concurrency=3).result(RULE, "source").outcome is Outcome.PASSED


def test_passes_over_preflights_own_connection() -> None:
    """The connection is closed before the migration begins."""
    assert in_use(5000).asking(concurrency=1).result(RULE, "source").outcome is Outcome.PASSED


def test_passes_a_small_limit_on_those_that_have_not_authenticated() -> None:
    assert Case().asking(concurrency=30).result(RULE, "source").outcome is Outcome.PASSED


def test_passes_whatever_the_admin_interface_allows() -> None:
    case = Case().source("libvirtd.conf", lambda text: text + "admin_max_clients = 1\n").asking(concurrency=5)
    assert case.result(RULE, "source").outcome is Outcome.PASSED


def test_passes_by_the_daemon_that_is_asked_not_its_neighbour() -> None:
    other = "daemon virtproxyd\nnclients_max        : 1\nnclients            : 1\n"
    case = Case().source("limits", lambda text: other + text).asking(concurrency=5, transport=Transport.SSH)
    assert case.result(RULE, "source").outcome is Outcome.PASSED


@pytest.mark.parametrize("record", ["limits", "daemons", "libvirtd.conf", "own.clients"])
def test_is_unknown_when_the_host_did_not_answer(record: str) -> None:
    result = Case().destination(record, None).result(RULE, "destination")
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"{record} was not answered")
    assert not result.obscures


def test_is_unknown_when_virt_admin_was_not_allowed_to_ask() -> None:
    result = Case().destination("limits", "daemon libvirtd\nfailed 1\n").result(RULE, "destination")
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "the number of clients of libvirtd is unknown: virt-admin could not be queried"


def test_is_unknown_when_the_file_was_changed_and_the_daemon_could_not_be_asked() -> None:
    case = Case().source("limits", "daemon libvirtd\nfailed 1\n")
    case.source("daemons", lambda text: text.replace("conf libvirtd 1795396000", "conf libvirtd 1795396009"))
    assert case.result(RULE, "source").reason == (
        "/etc/libvirt/libvirtd.conf was changed after libvirtd started: its limits cannot be known before a restart"
    )


def test_is_unknown_with_the_advice_when_the_login_has_no_sudo() -> None:
    asked = Record("daemon libvirtd\nfailed 127\n", 0, "sh: 9: sudo: not found\n")
    result = Case().destination("limits", asked).result(RULE, "destination")
    assert result.reason == (
        "the number of clients of libvirtd is unknown: virt-admin could not be queried: root's rights are missing"
        " (sudo is not installed): log in as root, or allow the user `sudo -n` (NOPASSWD)"
    )
