"""Servers of network disks that do not accept the destination's connections."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import there

RULE = "disk-server-silent"
HOST = "<host name='192.0.2.254' port='10809'/>"
NBD = "<source protocol='nbd' tls='no' index='1'>"
REFUSED = "port 1 192.0.2.254 10809 Connection refused\n"
SOCKET = "<host transport='unix' socket='/srv/n.sock'/>"


def answering(ports: str | Record) -> Case:
    """Return the sound pair, whose destination got these results at the servers' ports."""
    return Case().destination("disk-ports", ports)


def test_catches_a_server_that_refuses() -> None:
    result = answering(REFUSED).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == (
        "the destination cannot connect to 192.0.2.254:10809, the server of the disk vda: Connection refused"
    )
    assert finding.predicted_error == "Failed to connect to '192.0.2.254:10809'"


def test_catches_several_servers_only_if_none_answers() -> None:
    hosts = "<host name='192.0.2.7'/><host name='192.0.2.8' port='6790'/>"
    case = Case().xml(NBD, "<source protocol='rbd' name='x'>").xml(HOST, hosts)
    silent = "port 1 192.0.2.7 3300 No route to host\nport 1 192.0.2.7 6789 No route to host\n"
    case.destination("disk-ports", silent + "port 1 192.0.2.8 6790 Connection refused\n")
    assert len(case.result(RULE).findings) == 2
    case.destination("disk-ports", silent + "port 0 192.0.2.8 6790 \n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_disk_of_which_one_server_answers_and_another_is_slow() -> None:
    hosts = "<host name='192.0.2.7'/><host name='192.0.2.8' port='6790'/>"
    case = Case().xml(NBD, "<source protocol='rbd' name='x'>").xml(HOST, hosts)
    slow = "port 124 192.0.2.7 3300 \nport 124 192.0.2.7 6789 \n"
    case.destination("disk-ports", f"{slow}port 0 192.0.2.8 6790 \n")
    assert case.result(RULE).outcome is Outcome.PASSED
    case.destination("disk-ports", f"{slow}port 1 192.0.2.8 6790 Connection refused\n")
    assert case.result(RULE).outcome is Outcome.UNKNOWN


def test_catches_a_socket_that_is_not_there() -> None:
    gone = "path /srv/n.sock\nstat: cannot statx '/srv/n.sock': No such file or directory\nfs ef53 4096 1\n"
    case = Case().xml(HOST, SOCKET).destination("paths", lambda text: text + gone)
    [finding] = case.result(RULE).findings
    assert finding.message == "no server listens at /srv/n.sock on the destination, required by the disk vda"
    assert finding.predicted_error == "/srv/n.sock"


def test_catches_a_file_in_place_of_a_socket() -> None:
    case = Case().xml(HOST, SOCKET).destination("paths", lambda text: text + there("/srv/n.sock"))
    assert case.result(RULE).blocks


def test_passes_a_socket_that_is_there() -> None:
    case = Case().xml(HOST, SOCKET).destination("paths", lambda text: text + there("/srv/n.sock", mode="c1ed"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_server_that_answers() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_name_without_an_address_of_which_another_rule_speaks() -> None:
    case = Case().xml(HOST, "<host name='san.example.com' port='10809'/>")
    case.destination("disk-servers", "2 san.example.com\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_disk_that_names_no_server_and_one_of_no_known_port() -> None:
    assert Case().xml(HOST, "").result(RULE).outcome is Outcome.PASSED
    case = Case().xml(NBD, "<source protocol='vxhs' name='x'>").xml(HOST, "<host name='192.0.2.7'/>")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = answering(REFUSED).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("said", ["port 124 192.0.2.254 10809 \n", "port 1 192.0.2.254 10809 Connection timed out\n"])
def test_is_unknown_when_the_server_does_not_answer_within_the_limit(said: str) -> None:
    result = answering(said).result(RULE)
    assert (result.outcome, result.obscures) == (Outcome.UNKNOWN, True)
    assert result.reason == "192.0.2.254 did not answer on port 10809 within 5 s: it may be slow, or never answer"


@pytest.mark.parametrize("ports", [Record("", 1, "timed out"), "", "port 1 192.0.2.254 10809 something else\n"])
def test_is_unknown_when_it_was_not_told_what_became_of_the_connection(ports: str | Record) -> None:
    assert answering(ports).result(RULE).outcome is Outcome.UNKNOWN
