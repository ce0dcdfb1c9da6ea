"""What a firewall does with packets by their device, by the time, and where it sends them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.firewall import BothEnds
from preflight.facts.firewall.firewall import Firewall
from preflight.facts.network.addresses import OwnAddresses

SOURCE, HERE = "192.0.2.12", "192.0.2.11"
OWN = OwnAddresses.parse(
    Record(
        "1: lo    inet 127.0.0.1/8 scope host lo\n"
        f"2: eth0    inet {HERE}/24 scope global eth0\n"
        "3: eth1    inet 198.51.100.11/24 scope global eth1\n"
    )
)
SOURCES_OWN = OwnAddresses.parse(Record(f"2: eth0    inet {SOURCE}/24 scope global eth0\n"))
PORT = {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 49152}}
NONE = Record('{"nftables": []}')


def listed(*rules: list[Any], family: str = "ip", more: str = "", **chain: Any) -> Firewall:
    """Return a firewall of one chain, as nft lists it."""
    named = {"family": family, "table": "t", "name": "i", "type": "filter", "prio": 0, "policy": "accept", **chain}
    objects = [
        {"table": {"family": family, "name": "t"}},
        {"chain": named},
        *({"rule": {"family": family, "table": "t", "chain": "i", "expr": one}} for one in rules),
    ]
    return Firewall.parse(Record(json.dumps({"nftables": objects}) + more), Record(""))


def saved(text: str, nft: Record = NONE, *, table: str = "nat") -> Firewall:
    """Return a firewall as iptables-nft-save prints it."""
    chains = "".join(f":{name} ACCEPT [0:0]\n" for name in ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"))
    return Firewall.parse(nft, Record(f"family 4 nft\n*{table}\n{chains}{text}\nCOMMIT\n"))


def fate(host: Firewall, own: OwnAddresses | None = OWN, port: int = 49152) -> str:
    """Return the fate of a connection from the source."""
    try:
        return str(host.judge(port, [SOURCE], own).action)
    except Unreadable:
        return "unknown"


CHAINS = """
table netdev other {
	chain i {
		type filter hook ingress device "eth1" priority filter; policy accept;
table netdev t {
	chain j {
		type filter hook ingress device "eth1" priority filter; policy accept;
	chain i {
		type filter hook ingress @devices@ priority filter; policy accept;
"""


@pytest.mark.parametrize(
    ("devices", "action"),
    [
        ('device "eth0"', "drop"),
        ("device eth0", "drop"),
        ('device "eth1"', "accept"),
        ("devices = { eth0, eth1 }", "drop"),
        ('devices = { "eth0", "eth1" }', "drop"),
        ("devices = { d0, lo }", "accept"),
        ("in a way of later releases", "unknown"),
    ],
)
def test_a_chain_sees_the_devices_that_only_nfts_own_language_names(devices: str, action: str) -> None:
    more = CHAINS.replace("@devices@", devices)
    host = listed([PORT, {"drop": None}], family="netdev", hook="ingress", more=more)
    assert fate(host) == action


def test_what_leaves_through_a_device_may_be_dropped_there() -> None:
    for device, stops in (("eth0", 1), ("eth1", 0)):
        more = f'\ntable netdev t {{\n\tchain i {{\n\t\ttype filter hook egress device "{device}" priority 0;\n'
        source = listed([PORT, {"drop": None}], family="netdev", hook="egress", more=more)
        ends = BothEnds(source, SOURCES_OWN, Firewall.parse(NONE, Record("")), OWN)
        assert len(list(ends.stops([HERE], [49152]))) == stops


@pytest.mark.parametrize(
    ("statement", "action"),
    [
        ({"redirect": {"port": 9}}, "redirect"),
        ({"redirect": None}, "accept"),
        ({"redirect": {"port": 49152}}, "accept"),
        ({"redirect": {"port": {"range": [9, 20]}}}, "unknown"),
        ({"dnat": {"addr": HERE}}, "accept"),
        ({"dnat": {"addr": "198.51.100.11", "port": 49152}}, "accept"),
        ({"dnat": {"addr": HERE, "port": 9}}, "redirect"),
        ({"dnat": {"addr": "203.0.113.9"}}, "redirect"),
        ({"dnat": {"addr": {"map": {"key": {}, "data": {}}}}}, "unknown"),
        ({"dnat": {"addr": {"range": [HERE, "192.0.2.20"]}}}, "unknown"),
        ({"dnat": {"port": 9}}, "redirect"),
    ],
)
def test_a_connection_that_is_led_elsewhere_does_not_arrive(statement: dict[str, Any], action: str) -> None:
    host = listed([PORT, statement], hook="prerouting", type="nat", prio=-100)
    assert fate(host) == action
    assert fate(host, port=49153) == "accept"


def test_another_address_may_be_the_hosts_where_its_own_are_unknown() -> None:
    host = listed([PORT, {"dnat": {"addr": "203.0.113.9"}}], hook="prerouting", type="nat", prio=-100)
    assert fate(host, None) == "unknown"


def test_ports_of_a_range_that_all_go_to_one_of_them_are_told_apart() -> None:
    ports = {"match": {**PORT["match"], "right": {"range": [49152, 49155]}}}
    host = listed([ports, {"redirect": {"port": 49154}}], hook="prerouting", type="nat", prio=-100)
    judged = host.judge_all(range(49152, 49157), [SOURCE], OWN)
    assert [(port, str(one.action)) for port, one in judged] == [
        (49152, "redirect"), (49153, "redirect"), (49154, "accept"), (49155, "redirect"), (49156, "accept"),
    ]  # fmt: skip
    assert judged[0][1].rule == "table ip t chain i: tcp dport 49152-49155 redirect to :49154"


@pytest.mark.parametrize(
    ("target", "action"),
    [
        ("REDIRECT --to-ports 9", "redirect"),
        ("REDIRECT", "accept"),
        ("REDIRECT --to-ports 9-20", "unknown"),
        (f"DNAT --to-destination {HERE}", "accept"),
        (f"DNAT --to-destination {HERE}:49152", "accept"),
        (f"DNAT --to-destination {HERE}:80", "redirect"),
        ("DNAT --to-destination :80", "redirect"),
        ("DNAT --to-destination 203.0.113.9", "redirect"),
        (f"DNAT --to-destination {HERE}-192.0.2.20", "unknown"),
        ("NETMAP --to 203.0.113.0/24", "unknown"),
    ],
)
def test_iptables_leads_connections_elsewhere_too(target: str, action: str) -> None:
    assert fate(saved(f"-A PREROUTING -p tcp -m tcp --dport 49152 -j {target}")) == action


def test_a_source_that_redirects_what_it_sends_keeps_it() -> None:
    for target, stops in (("REDIRECT --to-ports 9", 1), ("REDIRECT", 1), (f"DNAT --to-destination {HERE}", 0)):
        source = saved(f"-A OUTPUT -p tcp -m tcp --dport 49152 -j {target}")
        found = list(BothEnds(source, SOURCES_OWN, Firewall.parse(NONE, Record("")), OWN).stops([HERE], [49152]))
        assert [one.at_source for one in found] == [True] * stops


def test_a_chain_of_nft_with_the_name_of_one_of_iptables_is_judged_by_its_own_rules() -> None:
    def nft(priority: int) -> Record:
        named = {"family": "ip", "table": "filter", "name": "INPUT", "type": "filter", "hook": "input"}
        rule = {"family": "ip", "table": "filter", "chain": "INPUT", "expr": [PORT, {"drop": None}]}
        objects = [
            {"table": {"family": "ip", "name": "filter"}},
            {"chain": {**named, "prio": priority, "policy": "accept"}},
            {"rule": rule},
        ]
        return Record(json.dumps({"nftables": objects}))

    # iptables-save prints the name of such a chain, and none of its rules
    assert fate(saved("", nft(7), table="filter")) == "drop"
    assert fate(saved("", nft(0), table="filter")) == "accept"


#: 13:30 on Tuesday, 1 December 2026, in Berlin.
NOW = int(datetime(2026, 12, 1, 12, 30, tzinfo=UTC).timestamp())
CLOCK = f"\nclock {NOW} +0100\n"


def at(key: str, right: Any, op: str = "==") -> list[Any]:
    return [{"match": {"op": op, "left": {"meta": {"key": key}}, "right": right}}, {"drop": None}]


@pytest.mark.parametrize(
    ("rule", "action"),
    [
        (at("hour", {"range": ["13:00", "15:00"]}), "drop"),
        (at("hour", {"range": ["13:00", "14:00"]}), "unknown"),
        (at("hour", {"range": ["22:00", "23:59"]}), "accept"),
        (at("hour", {"range": ["22:00", "06:00"]}), "unknown"),
        (at("hour", {"range": ["12:00", "13:29:59"]}), "accept"),
        (at("hour", {"range": ["06:00", "22:00"]}, "!="), "accept"),
        (at("hour", "08:00"), "accept"),
        (at("hour", "noon"), "unknown"),
        (at("day", "Tuesday"), "drop"),
        (at("day", {"set": ["Monday", "Wednesday"]}), "accept"),
        (at("day", 2), "unknown"),
        (at("time", "2020-01-01 00:00:00", "<"), "accept"),
        (at("time", "2020-01-01 00:00:00", ">"), "drop"),
        (at("time", {"range": ["2026-12-01 13:00:00", "2026-12-02 12:00:00"]}), "drop"),
        (at("time", {"range": ["2026-12-01 14:00:00", "2026-12-02 12:00:00"]}), "unknown"),
    ],
)
def test_rules_apply_at_their_times(rule: list[Any], action: str) -> None:
    assert fate(listed(rule, hook="input", more=CLOCK)) == action
    assert fate(listed(rule, hook="input")) == "unknown"


def test_a_day_is_unknown_shortly_before_its_end_here_or_by_utc() -> None:
    midnight = int(datetime(2026, 12, 2, tzinfo=UTC).timestamp())
    for clock, action in ((midnight - 1800, "unknown"), (midnight - 5400, "unknown"), (midnight - 14400, "drop")):
        assert fate(listed(at("day", "Tuesday"), hook="input", more=f"\nclock {clock} +0100\n")) == action


@pytest.mark.parametrize(
    ("options", "action"),
    [
        ("--datestart 2020-01-01T00:00:00 --datestop 2038-01-19T03:14:07", "drop"),
        ("--datestart 2027-01-01T00:00:00 --datestop 2038-01-19T03:14:07", "accept"),
        ("--timestart 12:00:00 --timestop 14:00:00 --datestop 2038-01-19T03:14:07", "drop"),
        ("--timestart 13:31:00 --timestop 23:00:00", "accept"),
        ("--timestart 22:00:00 --timestop 06:00:00", "unknown"),
        ("--timestart 12:00:00 --timestop 14:00:00 --weekdays Mon,Tue", "drop"),
        ("--weekdays Sat,Sun", "accept"),
        ("! --weekdays Sat,Sun", "drop"),
        ("--monthdays 1", "unknown"),
        ("--timestart 12:00:00 --timestop 14:00:00 --kerneltz", "unknown"),
        ("--weekdays Someday", "unknown"),
    ],
)
def test_rules_of_iptables_apply_at_their_times(options: str, action: str) -> None:
    nft = Record(f'{{"nftables": []}}\nclock {NOW} +0100\n')
    host = saved(f"-A INPUT -p tcp -m tcp --dport 49152 -m time {options} -j DROP", nft, table="filter")
    assert fate(host) == action
    assert fate(saved(f"-A INPUT -m time {options} -j DROP", table="filter")) == "unknown"


def test_the_text_of_a_rule_names_its_times() -> None:
    nft = Record(f'{{"nftables": []}}\nclock {NOW} +0100\n')
    host = saved("-A INPUT -m time ! --weekdays Sat,Sun -j DROP", nft, table="filter")
    assert host.judge(22, [SOURCE], OWN).rule == "table ip filter chain INPUT: time ! --weekdays Sat,Sun drop"


@pytest.mark.parametrize(
    ("options", "of_root", "stops"),
    [
        ("--uid-owner 0", True, 1),
        ("--uid-owner 0-99", True, 1),
        ("! --uid-owner 64055", True, 1),
        ("--uid-owner 64055", True, 0),
        ("! --uid-owner 0", True, 0),
        ("--gid-owner 0", True, 0),
        ("--uid-owner root", True, 0),
        ("--uid-owner 0", False, 0),
    ],
)
def test_a_rule_about_an_owner_applies_to_what_root_opens(options: str, of_root: bool, stops: int) -> None:
    source = saved(f"-A OUTPUT -p tcp -m tcp --dport 49152 -m owner {options} -j REJECT", table="filter")
    ends = BothEnds(source, SOURCES_OWN, Firewall.parse(NONE, Record("")), OWN)
    assert len(list(ends.stops([HERE], [49152], of_root=of_root))) == stops


@pytest.mark.parametrize(("owner", "stops"), [(0, 1), ("root", 1), (64055, 0), ("nobody", 0)])
def test_a_rule_of_nft_about_an_owner_applies_to_what_root_opens(owner: int | str, stops: int) -> None:
    rule = {"match": {"op": "==", "left": {"meta": {"key": "skuid"}}, "right": owner}}
    source = listed([rule, {"drop": None}], hook="output")
    ends = BothEnds(source, SOURCES_OWN, Firewall.parse(NONE, Record("")), OWN)
    assert len(list(ends.stops([HERE], [49152], of_root=True))) == stops


STATEFUL = """\
*filter
:INPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
@rule@
COMMIT
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING @match@-j CT --notrack
COMMIT
"""


@pytest.mark.parametrize(
    ("match", "rule", "stops"),
    [
        ("-p tcp --sport 49152 ", "", 1),
        ("-p tcp --sport 49153 ", "", 0),
        ("", "", 1),
        ("-p tcp --sport 49152 ", "-A INPUT -m conntrack --ctstate UNTRACKED -j ACCEPT", 0),
        ("-m u32 --u32 1 ", "", 0),
    ],
)
def test_an_answer_that_is_not_tracked_is_not_one_of_an_established_connection(
    match: str, rule: str, stops: int
) -> None:
    tables = STATEFUL.replace("@match@", match).replace("@rule@", rule)
    source = Firewall.parse(NONE, Record(f"family 4 nft\n{tables}".replace("\n\n", "\n")))
    found = list(BothEnds(source, SOURCES_OWN, Firewall.parse(NONE, Record("")), OWN).stops([HERE], [49152]))
    assert len(found) == stops


def test_a_connection_that_is_not_tracked_is_not_new() -> None:
    accept = "-A INPUT -m conntrack --ctstate @state@ -j ACCEPT"
    for state, action in (("NEW", "drop"), ("UNTRACKED", "accept")):
        tables = STATEFUL.replace("@match@", "").replace("@rule@", accept.replace("@state@", state))
        assert fate(Firewall.parse(NONE, Record(f"family 4 nft\n{tables}"))) == action


def test_no_nat_changes_what_is_not_tracked() -> None:
    nat = "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport 49152 -j REDIRECT --to-ports 9\nCOMMIT\n"
    raw = "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport 49152 -j NOTRACK\nCOMMIT\n"
    assert fate(Firewall.parse(NONE, Record(f"family 4 nft\n{nat}{raw}"))) == "accept"
    assert fate(Firewall.parse(NONE, Record(f"family 4 nft\n{nat}"))) == "redirect"


def test_tracking_that_is_perhaps_left_out_is_unknown() -> None:
    chain = ":SOME - [0:0]\n-A PREROUTING -m u32 --u32 1 -j SOME\n-A SOME -j NOTRACK\n"
    raw = f"*raw\n:PREROUTING ACCEPT [0:0]\n{chain}COMMIT\n"
    stateful = "*filter\n:INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n"
    assert fate(Firewall.parse(NONE, Record(f"family 4 nft\n{raw}{stateful}"))) == "unknown"


SYN = "--tcp-flags FIN,SYN,RST,ACK SYN"


@pytest.mark.parametrize(
    ("at_source", "rules", "texts"),
    [
        (False, f"-A INPUT -p tcp {SYN} -j ACCEPT\n-A INPUT -p tcp -j DROP", ["what follows on connections to"]),
        (False, "-A INPUT -p tcp -m conntrack --ctstate ESTABLISHED -j DROP", ["what follows on connections to"]),
        (False, "-A INPUT -p tcp --dport 49152 -j DROP", []),
        (False, "-A INPUT -p tcp --tcp-flags ALL ACK -j DROP", []),
        (False, "-A INPUT -p tcp -m conntrack --ctstate INVALID -j DROP", []),
        (
            False,
            "-A OUTPUT -p tcp --tcp-flags SYN,ACK ACK -j REJECT --reject-with tcp-reset",
            ["what follows on its answers from"],
        ),
        (True, f"-A OUTPUT -p tcp ! {SYN} -j DROP", ["what follows on outgoing connections to"]),
        (True, "-A OUTPUT -p tcp --dport 49152 -j DROP", ["outgoing connections to"]),
        (
            True,
            "-A INPUT -p tcp --sport 49152 --tcp-flags SYN,ACK ACK -j DROP",
            ["what follows on the destination's answers from"],
        ),
    ],
)
def test_what_follows_on_a_connection_may_be_blocked(at_source: bool, rules: str, texts: list[str]) -> None:
    host, other = (
        saved(rules.replace("ALL ACK", "FIN,SYN,RST,PSH,ACK,URG ACK"), table="filter"),
        Firewall.parse(NONE, Record("")),
    )
    ends = BothEnds(host if at_source else other, SOURCES_OWN, other if at_source else host, OWN)
    stops = list(ends.stops([HERE], [49152]))
    assert [one.text.partition(" port ")[0] for one in stops] == texts
    assert all(one.at_source is at_source for one in stops)
