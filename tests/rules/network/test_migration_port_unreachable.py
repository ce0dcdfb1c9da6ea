"""migration-port-unreachable: the source's own attempt to reach a port of the destination."""

import json

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome, Result
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "migration-port-unreachable"
NAME = "host2.example.com"
TRIED = f"way.memory:{NAME}:49215"
ROUTED = "route 192.0.2.12 192.0.2.12 dev virbr9 src 192.0.2.1 uid 0 \\    cache \n"
SILENT = f"port 124 {NAME} 49215 \nport 124 192.0.2.12 49215 \n{ROUTED}"
GONE = f"{SILENT}neighbour 192.0.2.12 192.0.2.12 dev virbr9  FAILED\n"


def asked(case: Case | None = None) -> Case:
    return (case or Case()).source("generation", "2").destination("generation", "2")


def tried(said: str, case: Case | None = None) -> Result:
    return asked(case).source(TRIED, said).result(RULE)


def test_catches_an_address_that_nobody_has() -> None:
    result = tried(GONE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    (finding,) = result.findings
    assert (finding.host, finding.predicted_error) == (Role.SOURCE, f"unable to connect to server at '{NAME}:")
    assert finding.message == (
        f"the source cannot reach {NAME}: 192.0.2.12 is on the network of virbr9, but no machine there answers for it"
    )


def test_leaves_an_address_that_is_not_the_destinations_to_the_rule_about_that() -> None:
    answer = Record("192.0.2.77      STREAM host2.example.com\n")
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2").source(f"resolve:{NAME}", answer)
    assert case.result("hosts-entry-address-wrong").blocks
    assert tried(GONE.replace("192.0.2.12", "192.0.2.77"), case).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "error", ["No route to host", "Network is unreachable", "Permission denied", "Invalid argument"]
)
def test_catches_a_missing_route(error: str) -> None:
    (finding,) = tried(f"port 1 {NAME} 49215 {error}\nroute 192.0.2.12 RTNETLINK answers: {error}\n").findings
    assert finding.message == f"the source cannot reach {NAME}: {error} to 192.0.2.12"


@pytest.mark.parametrize("said", [SILENT, f"port 1 {NAME} 49215 No route to host\n{ROUTED}"])
def test_is_unknown_when_another_port_may_answer(said: str) -> None:
    result = tried(said)
    assert result.outcome is Outcome.UNKNOWN
    assert f"{NAME} port 49215" in str(result.reason)


def test_passes_a_port_that_is_not_the_given_one() -> None:
    case = Case().asking(migrateuri=f"tcp://{NAME}:50000")
    assert tried(SILENT, case).outcome is Outcome.PASSED
    assert tried(GONE, Case().asking(migrateuri=f"tcp://{NAME}:50000")).outcome is Outcome.FAILED


@pytest.mark.parametrize("said", ["port 1 {} 49215 Connection refused\n", "port 0 {} 49215 \n"])
def test_passes_an_answer(said: str) -> None:
    assert tried(said.format(NAME)).outcome is Outcome.PASSED


def test_passes_a_snapshot_from_before_the_question() -> None:
    result = Case().result(RULE)
    assert (result.outcome, result.reason) == (
        Outcome.NOT_APPLICABLE,
        "the snapshot is from a preflight that did not ask for this yet",
    )


def test_does_not_apply_where_no_attempt_was_recorded_and_no_firewall_blocks() -> None:
    result = asked().result(RULE)
    assert (result.outcome, result.reason) == (Outcome.NOT_APPLICABLE, "no attempt to connect was recorded")


def test_passes_what_could_not_be_tried() -> None:
    assert tried(f"port 127 {NAME} 49215 sh: 1: bash: not found\n").outcome is Outcome.NOT_APPLICABLE


#: A listener's line of /proc/net/tcp.
LISTENER = (
    "   9: 00000000:{:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
)
LOGGING = '{"log": null}'
DROPPING = '{"drop": null}'


def rules(hook: str, *expressions: str, policy: str = "accept") -> str:
    """Return a table as nft prints it, with a rule for each list of expressions."""
    table = {"family": "inet", "name": "f", "handle": 1}
    chain = {"family": "inet", "table": "f", "name": "c", "handle": 1}
    hooked = chain | {"type": "filter", "hook": hook, "prio": 0, "policy": policy}
    made = [
        {"rule": {"family": "inet", "table": "f", "chain": "c", "handle": 2, "expr": json.loads(f"[{one}]")}}
        for one in expressions
    ]
    return json.dumps({"nftables": [{"table": table}, {"chain": hooked}, *made]})


def ports(field: str, verdict: str = "drop", low: int = 49152) -> str:
    """Return the expressions of a rule about the migration range."""
    left = f'{{"payload": {{"protocol": "tcp", "field": "{field}"}}}}'
    return f'{{"match": {{"op": "==", "left": {left}, "right": {{"range": [{low}, 49215]}}}}}}, {{"{verdict}": null}}'


RST = (
    '{"match": {"op": "==", "left": {"&": [{"payload": {"protocol": "tcp", "field": "flags"}}, "rst"]}, "right":'
    ' "rst"}}, {"drop": null}'
)
ESTABLISHED = '{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "established"}}, {"accept": null}'
OWNER = '{"match": {"op": "==", "left": {"meta": {"key": "skuid"}}, "right": 7}}, {"drop": null}'


@pytest.mark.parametrize(
    ("case", "role", "message"),
    [
        (
            Case().source("nft", rules("output", ports("dport"))),
            Role.SOURCE,
            "the firewall blocks outgoing connections to port 49152: drop by table inet f chain c: ",
        ),
        (
            Case().source("nft", rules("output", ESTABLISHED, policy="drop")),
            Role.SOURCE,
            "the firewall blocks outgoing connections to port 49152: drop by table inet f chain c: policy drop",
        ),
        (
            Case().destination("nft", rules("output", ports("sport"))),
            Role.DESTINATION,
            "the firewall blocks its answers from port 49152: drop by table inet f chain c: ",
        ),
        (
            Case().source("nft", rules("input", ports("sport"))),
            Role.SOURCE,
            "the firewall blocks the destination's answers from port 49152: drop by table inet f chain c: ",
        ),
    ],
)
@pytest.mark.parametrize("said", [SILENT, "port 1 host2.example.com 49215 Connection refused\n", None])
def test_catches_rules_for_what_leaves_and_for_answers(case: Case, role: Role, message: str, said: str | None) -> None:
    result = asked(case).result(RULE) if said is None else tried(said, case)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    (finding,) = result.findings
    assert finding.host is role
    assert finding.message.startswith(message)


@pytest.mark.parametrize(
    "case",
    [
        Case().source("nft", rules("output", ESTABLISHED, ports("dport", "accept"), policy="drop")),
        Case().destination("nft", rules("output", ESTABLISHED, policy="drop")),
        Case().source("nft", rules("output", ports("dport", low=49200))),
        # who sends is unknown here, and the source's attempt was answered
        Case().source("nft", rules("output", OWNER)),
        Case().destination("nft", rules("output", RST)),
    ],
)
def test_passes_rules_for_other_packets(case: Case) -> None:
    assert tried(f"port 1 {NAME} 49215 Connection refused\n", case).outcome is Outcome.PASSED


def test_passes_silence_where_the_destination_drops_its_own_refusals() -> None:
    assert tried(SILENT, Case().destination("nft", rules("output", RST))).outcome is Outcome.PASSED


def test_tries_the_highest_port_at_which_nothing_listens() -> None:
    case = asked().destination("sockets", lambda text: text + LISTENER.format(49215))
    assert case.source(f"way.memory:{NAME}:49214", GONE).result(RULE).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (Case().destination("nft", rules("input", LOGGING)), "a firewall would log or count the connection"),
        (Case().source("nft", rules("output", LOGGING)), "a firewall would log or count the connection"),
        (Case().destination("nft", rules("input", DROPPING)), "the destination's firewall blocks"),
        (
            Case().destination("qemu.conf", "migration_port_min = 49152\nmigration_port_max = 49159\n"),
            "fewer than 9 ports of the range are free: ",
        ),
    ],
)
def test_tries_no_port_where_that_might_be_noticed_or_taken_for_a_migration(case: Case, why: str) -> None:
    result = tried(GONE, case)
    assert result.outcome is Outcome.NOT_APPLICABLE
    assert str(result.reason).startswith(why)


def test_is_unknown_where_the_sources_firewall_could_not_be_read() -> None:
    case = Case().source("nft", Record("", 1, "sudo: a password is required"))
    result = tried(f"port 1 {NAME} 49215 Connection refused\n", case)
    assert result.outcome is Outcome.UNKNOWN
    assert "root's rights are missing" in str(result.reason)


def test_tries_a_port_although_other_packets_are_logged() -> None:
    assert tried(GONE, Case().source("nft", rules("input", LOGGING))).outcome is Outcome.FAILED


PROBED = "listener open\nport 1 {} {} Connection refused\n"


def probed(said: str, port: int = 49215, case: Case | None = None) -> Result:
    """Return the result where a probe of the port ended so."""
    case = asked(case).asking(probe=True)
    return case.source(f"probe:{NAME}:{port}", said.format(NAME, port)).result(RULE)


def test_catches_a_rejection_of_the_given_port_while_the_destination_listens() -> None:
    result = probed(PROBED, 49500, Case().asking(migrateuri=f"tcp://{NAME}:49500"))
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    (finding,) = result.findings
    assert finding.predicted_error == f"unable to connect to server at '{NAME}:"
    assert finding.message == (
        f"a firewall on the way rejects the source's connection to {NAME} port 49500, at which the destination"
        " listened (Connection refused)"
    )


def test_catches_silence_of_the_given_port_while_the_destination_listens() -> None:
    said = "listener ended\nport 124 {0} {1} \nport 124 192.0.2.12 {1} \n" + ROUTED
    (finding,) = probed(said, 49500, Case().asking(migrateuri=f"tcp://{NAME}:49500")).findings
    assert finding.message.endswith(
        "port 49500, at which the destination listened, does not answer (Connection timed out)"
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (PROBED, "a firewall on the way rejects"),
        ("listener ended\nport 124 {0} {1} \n", "port 49215, at which the destination listened, does not answer"),
        ("listener ended\nport 1 {0} {1} Connection refused\n", "did not listen at port 49215 any more"),
    ],
)
def test_is_unknown_when_a_probe_of_another_port_than_the_migrations_fails(said: str, why: str) -> None:
    result = probed(said)
    assert result.outcome is Outcome.UNKNOWN
    assert why in str(result.reason)


def test_passes_a_probe_that_connects() -> None:
    assert probed("listener ended\nport 0 {} {} \n").outcome is Outcome.PASSED
    case = Case().asking(migrateuri=f"tcp://{NAME}:49500")
    assert probed("listener ended\nport 0 {} {} \n", 49500, case).outcome is Outcome.PASSED


def test_passes_a_probe_although_the_firewall_could_not_be_read() -> None:
    """Only where nobody asked for a connection is a firewall that may log it a reason to make none."""
    case = asked(Case().destination("nft", Record("", 1, "sudo: a password is required"))).asking(probe=True)
    case = case.source(f"probe:{NAME}:49215", PROBED.format(NAME, 49215))
    assert case.checked().source.records["way.memory"].out.startswith("listener open")


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (
            Case().destination("nft", rules("input", LOGGING)),
            "not probed: a firewall would log or count the connection",
        ),
        (Case(), "the snapshots do not record a probe"),
    ],
)
def test_is_unknown_when_a_probe_was_asked_for_and_not_made(case: Case, why: str) -> None:
    result = (asked(case) if "firewall" in why else case).asking(probe=True).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert why in str(result.reason)


def test_is_unknown_when_the_source_did_not_answer() -> None:
    assert asked().source(TRIED, None).result(RULE).outcome is Outcome.UNKNOWN
    assert tried("").outcome is Outcome.UNKNOWN


REFUSED = f"port 1 {NAME} 49215 Connection refused\n"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (
            "rule 32765:\tfrom all ipproto tcp dport 49152-49200 prohibit",
            "a rule of policy routing (from all ipproto tcp dport 49152-49200 prohibit)",
        ),
        (
            "rule 5:\tfrom all to 192.0.2.0/24 dport 49152 blackhole ",
            "a rule of policy routing (from all to 192.0.2.0/24 dport 49152 blackhole)",
        ),
        (
            "policy src 0.0.0.0/0 dst 192.0.2.12/32 proto tcp dport 49152 ",
            "a policy of IPsec (src 0.0.0.0/0 dst 192.0.2.12/32 proto tcp dport 49152)",
        ),
        ("policy src 0.0.0.0/0 dst 192.0.2.12/32", "a policy of IPsec (src 0.0.0.0/0 dst 192.0.2.12/32)"),
    ],
)
def test_catches_what_is_forbidden_for_ports_that_were_not_tried(line: str, what: str) -> None:
    (finding,) = tried(f"{REFUSED}{line}\n").findings
    assert finding.host is Role.SOURCE
    assert finding.message == f"{what} forbids what the source sends to the migration's ports"
    assert finding.predicted_error == f"unable to connect to server at '{NAME}:"


@pytest.mark.parametrize(
    "line",
    [
        "rule 5:\tfrom all ipproto tcp dport 1-100 prohibit",
        "rule 5:\tfrom all ipproto udp dport 49152 prohibit",
        "rule 5:\tfrom all to 203.0.113.1 dport 49152 prohibit",
        "rule 5:\tfrom 203.0.113.1 dport 49152 prohibit",
        "rule 5:\tfrom all fwmark 0x1 dport 49152 prohibit",
        "rule 5:\tfrom all dport 49152 lookup 100",
        "rule 5:\tfrom all to somewhere dport 49152 prohibit",
        "policy src 0.0.0.0/0 dst 203.0.113.1/32 proto tcp dport 49152",
        "policy src 0.0.0.0/0 dst 192.0.2.12/32 proto udp",
        "policy src ::/0 dst ::/0 proto tcp dport 49152",
        "policy src 0.0.0.0/0 dst nonsense",
    ],
)
def test_passes_what_is_forbidden_for_others(line: str) -> None:
    assert tried(f"{REFUSED}{line}\n").outcome is Outcome.PASSED


def test_is_unknown_when_a_connection_is_not_permitted_for_a_reason_that_is_not_known() -> None:
    assert tried(f"port 1 {NAME} 49215 Operation not permitted\n{ROUTED}").outcome is Outcome.UNKNOWN
