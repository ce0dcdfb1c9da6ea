"""A packet filter's rules: of any JSON and any text a judgement or a reason, and the same for a port alone."""

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from preflight.facts.fact import Record, Unreadable
from preflight.facts.firewall.firewall import Firewall
from tests.properties.texts import words_of

SOURCES = ("192.0.2.12", "2001:db8::12")
NOTHING = Record('{"nftables": []}')


def matching(left: dict[str, Any], right: Any, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


PORTS = st.one_of(
    st.integers(49150, 49155),
    st.tuples(st.integers(49150, 49153), st.integers(49153, 49156)).map(lambda ends: {"range": list(ends)}),
    st.lists(st.integers(49150, 49155), min_size=1, max_size=3).map(lambda some: {"set": some}),
)
EQUAL_OR_NOT = st.sampled_from(("==", "!="))
STATES = st.sampled_from((["established", "related"], "new", ["invalid"]))
SADDR = ("192.0.2.12", {"prefix": {"addr": "192.0.2.0", "len": 24}}, {"set": ["192.0.2.12", "192.0.2.99"]})
MATCHES = st.one_of(
    st.builds(matching, st.just({"payload": {"protocol": "tcp", "field": "dport"}}), PORTS, EQUAL_OR_NOT),
    st.builds(
        matching, st.just({"payload": {"protocol": "ip", "field": "saddr"}}), st.sampled_from(SADDR), EQUAL_OR_NOT
    ),
    st.builds(matching, st.just({"meta": {"key": "iifname"}}), st.sampled_from(("lo", "eth0", "virbr*"))),
    st.builds(matching, st.just({"ct": {"key": "state"}}), STATES, st.just("in")),
    st.builds(matching, st.just({"meta": {"key": "l4proto"}}), st.sampled_from(("tcp", "udp", 6))),
)
VERDICTS = st.sampled_from(
    (
        {"accept": None},
        {"drop": None},
        {"reject": {"type": "tcp reset"}},
        {"return": None},
        {"jump": {"target": "more"}},
    )
)
RULES = st.lists(st.tuples(st.lists(MATCHES, max_size=2), VERDICTS).map(lambda one: [*one[0], one[1]]), max_size=6)
WORDS = ("tcp", "dport", "accept", "input", "", "table", "inet", "filter", "==")
KEYS = ("table", "chain", "rule", "set", "match", "left", "right", "op", "expr", "family", "name", "elem", "payload")
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(WORDS)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)),
    max_leaves=12,
)


def ruleset(rules: list[list[Any]], more: list[list[Any]], policy: str) -> str:
    """Return a table with a chain at the input, and one that it may jump to."""
    at = {"family": "inet", "table": "filter"}
    hook = {"type": "filter", "hook": "input", "prio": 0, "policy": policy}
    told: list[dict[str, Any]] = [{"table": {"family": "inet", "name": "filter"}}]
    told += [{"chain": {**at, "name": "input", **hook}}, {"chain": {**at, "name": "more"}}]
    told += [{"rule": {**at, "chain": "input", "expr": rule}} for rule in rules]
    # what it jumps to jumps no further
    told += [{"rule": {**at, "chain": "more", "expr": rule}} for rule in more if "jump" not in rule[-1]]
    return json.dumps({"nftables": told})


@given(RULES, RULES, st.sampled_from(("accept", "drop")))
def test_many_ports_at_once_are_judged_as_each_alone(
    rules: list[list[Any]], more: list[list[Any]], policy: str
) -> None:
    firewall = Firewall.parse(Record(ruleset(rules, more, policy)), Record(""))
    ports = range(49149, 49158)
    for source in SOURCES:
        alone = {}
        unknown = False
        for port in ports:
            try:
                alone[port] = firewall.judge(port, [source])
            except Unreadable:
                unknown = True
        if unknown:
            continue
        together = dict(firewall.judge_all(list(ports), [source]))
        assert {port: one.action for port, one in together.items()} == {port: one.action for port, one in alone.items()}


@given(JSON)
def test_any_json_gives_a_judgement_or_a_reason(told: Any) -> None:
    for whole in (told, {"nftables": told}, {"nftables": [told]}):
        with contextlib.suppress(Unreadable):
            Firewall.parse(Record(json.dumps(whole)), Record("")).judge(49152, SOURCES)


IPTABLES = words_of(
    (
        "family 4\n", "family 6\n", "family 4 nft\n", "*filter\n", "*nat\n", ":INPUT ACCEPT [0:0]\n",
        ":INPUT DROP\n", ":more - [0:0]\n", "-A INPUT ", "-A more ", "-p tcp ", "-m tcp ", "! ", "--dport ", "49152 ",
        "49152:49215 ", "-s 192.0.2.0/24 ", "-i eth0 ", "-m state --state ", "NEW,ESTABLISHED ", "-j ACCEPT\n",
        "-j DROP\n", "-j more\n", "-j REJECT --reject-with tcp-reset\n", "-m comment --comment ", '"a b" ',
        "COMMIT\n", "# x\n", "\n",
    )
)  # fmt: skip


@given(IPTABLES)
def test_any_text_of_iptables_gives_a_judgement_or_a_reason(text: str) -> None:
    with contextlib.suppress(Unreadable):
        Firewall.parse(NOTHING, Record(text)).judge(49152, SOURCES)
