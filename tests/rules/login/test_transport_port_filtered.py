"""A firewall before the port of libvirt's control connection."""

import json

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role, Transport
from preflight.rule import Severity
from tests.case import Case

RULE = "transport-port-filtered"
HOST = "host2.example.com"
REFUSED = "unable to connect to server at 'host2.example.com:16514': Connection refused"
LISTENS = "   9: 00000000:4082 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99 1\n"
CLIENT, SOURCE = "192.0.2.1", "192.0.2.11"


def rejecting(address: str, *, error: str | None = REFUSED) -> Case:
    """Return the sound pair over TLS, whose destination listens, and rejects port 16514 to one address."""
    told = Record(json.dumps({"uri": f"qemu+tls://{HOST}/system", "error": error}))
    case = Case().asking(transport=Transport.TLS).destination("libvirt.connect", told)
    case.destination("sockets", lambda text: text + LISTENS).destination("came-from", Record(f"{CLIENT}\n"))
    rule = [
        {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": address}},
        {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 16514}},
        {"reject": None},
    ]
    named = {"family": "inet", "table": "f"}
    base = {**named, "name": "input", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}
    ruleset = [
        {"metainfo": {"json_schema_version": 1}},
        {"table": {"family": "inet", "name": "f", "handle": 1}},
        {"chain": base},
        {"rule": {**named, "chain": "input", "handle": 2, "expr": rule}},
    ]
    return case.destination("nft", json.dumps({"nftables": ruleset})).destination("iptables", "")


def test_catches_a_port_that_is_closed_to_where_preflight_runs() -> None:
    result = rejecting(CLIENT).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert (finding.host, finding.predicted_error) == (Role.DESTINATION, REFUSED)
    assert finding.message.startswith(f"the firewall blocks port 16514 for {CLIENT}: reject by ")


def test_catches_a_port_that_is_closed_to_the_source_which_opens_the_connection() -> None:
    case = rejecting(SOURCE).asking(mode=Mode.PEER_TO_PEER)
    case.source(f"connect:qemu+tls://{HOST}/system", Record("", 1, f"error: {REFUSED}\n"))
    assert case.source("addresses", f"2: eth0    inet {SOURCE}/24 scope global eth0\n").result(RULE).blocks


def test_catches_a_closed_port_where_no_answer_came_in_time() -> None:
    told = Record(json.dumps({"uri": f"qemu+tls://{HOST}/system", "error": "no answer", "hung": True}))
    [finding] = rejecting(CLIENT).destination("libvirt.connect", told).result(RULE).findings
    assert finding.predicted_error == "unable to connect to server at '"


def test_passes_another_address_and_a_connection_that_was_opened() -> None:
    assert rejecting(SOURCE).result(RULE).outcome is Outcome.PASSED
    assert rejecting(CLIENT, error=None).result(RULE).outcome is Outcome.PASSED


def test_passes_a_port_that_nothing_listens_on() -> None:
    # transport-not-listening says so
    case = rejecting(CLIENT).destination("sockets", lambda text: text.replace(LISTENS, ""))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_over_ssh() -> None:
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_it_is_not_known_where_the_connection_comes_from() -> None:
    result = rejecting(CLIENT).destination("came-from", None).result(RULE)
    assert (result.outcome, result.obscures) == (Outcome.UNKNOWN, True)
    assert result.reason == "no address is known from which a connection might come"
