"""A transport that nothing on the destination listens for."""

import json

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role, Transport
from preflight.rule import Severity
from tests.case import Case

RULE = "transport-not-listening"
HOST = "host2.example.com"
REFUSED = "unable to connect to server at 'host2.example.com:16514': Connection refused"
#: 16514, in the form of /proc/net/tcp.
LISTENS = "   9: 00000000:4082 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99 1\n"


def over(transport: Transport = Transport.TLS, *, error: str | None = REFUSED) -> Case:
    """Return the sound pair, whose destination listens on port 22 alone, asked over a transport with this answer."""
    told = Record(json.dumps({"uri": f"qemu+{transport}://{HOST}/system", "error": error}))
    return Case().asking(transport=transport).destination("libvirt.connect", told)


def test_catches_a_port_that_nothing_listens_on() -> None:
    result = over().result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert (finding.host, finding.predicted_error) == (Role.DESTINATION, REFUSED)
    assert finding.message == "nothing listens on port 16514 (libvirt over tls)"
    assert "libvirtd-tls.socket" in (finding.fix or "")


@pytest.mark.parametrize(
    ("transport", "line"), [(Transport.TLS, "listen_tls = 1"), (Transport.TCP, 'tcp_port = "17000"')]
)
def test_catches_a_setting_that_has_no_effect_and_points_at_it(transport: Transport, line: str) -> None:
    [finding] = over(transport).destination("libvirtd.conf", lambda text: f"{text}\n{line}\n").result(RULE).findings
    assert finding.location is not None
    assert finding.location.text == line
    assert f"{line.partition(' ')[0]} in /etc/libvirt/libvirtd.conf has no effect" in finding.message


def test_catches_the_port_that_the_uri_names() -> None:
    case = over().destination("sockets", lambda text: text + LISTENS)
    assert case.asking(destination_uri=f"qemu+tls://{HOST}:17000/system").result(RULE).blocks


def test_catches_it_where_the_source_opens_the_connection() -> None:
    case = Case().asking(transport=Transport.TLS, mode=Mode.PEER_TO_PEER)
    case.source(f"connect:qemu+tls://{HOST}/system", Record("", 1, f"error: {REFUSED}\n"))
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == REFUSED


def test_catches_it_where_no_answer_came_in_time() -> None:
    told = Record(json.dumps({"uri": f"qemu+tls://{HOST}/system", "error": "no answer", "hung": True}))
    [finding] = over().destination("libvirt.connect", told).result(RULE).findings
    assert finding.predicted_error == "unable to connect to server at '"


def test_passes_a_port_that_is_listened_on_and_one_that_was_reached_anyhow() -> None:
    assert over().destination("sockets", lambda text: text + LISTENS).result(RULE).outcome is Outcome.PASSED
    assert over(error=None).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_over_ssh() -> None:
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_destination_does_not_tell_its_sockets() -> None:
    result = over().destination("sockets", None).result(RULE)
    assert (result.outcome, result.obscures) == (Outcome.UNKNOWN, True)
