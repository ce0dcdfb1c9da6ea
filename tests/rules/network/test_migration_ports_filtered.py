"""The destination's firewall blocks migration ports for the source.

The rulesets are real ones, of which the real kernel was asked what it does: see tests/facts/cases/firewall.
"""

import json
from pathlib import Path

import pytest

from preflight.facts.fact import MISSING, Record
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Severity
from tests.case import Case

RULE = "migration-ports-filtered"
RULESETS = Path(__file__).parents[2] / "facts" / "cases" / "firewall"
ERROR = "unable to connect to server at '"


def behind(ruleset: str, case: Case | None = None) -> Case:
    """Return the sound pair, but for the destination's firewall."""
    shown = json.loads((RULESETS / f"{ruleset}.json").read_text())["shown"]["1.0.6"]
    return (case or Case()).destination("nft", shown["nft"]).destination("iptables", shown["iptables"])


def nft(*rules: str) -> str:
    """`nft -j list ruleset` of one input chain with these rules, each the JSON of its statements."""
    chain = {"family": "inet", "table": "t", "name": "i", "type": "filter", "hook": "input", "prio": 0}
    objects = [{"table": {"family": "inet", "name": "t"}}, {"chain": {**chain, "policy": "accept"}}]
    found = [{"rule": {"family": "inet", "table": "t", "chain": "i", "expr": json.loads(rule)}} for rule in rules]
    return json.dumps({"nftables": [*objects, *found]})


def port_dropped(first: int, last: int) -> str:
    left = {"payload": {"protocol": "tcp", "field": "dport"}}
    return json.dumps([{"match": {"op": "==", "left": left, "right": {"range": [first, last]}}}, {"drop": None}])


def listening(port: int, table: str) -> str:
    """/proc/net/tcp with one more socket, which listens on all addresses."""
    head, _, rest = table.partition("\n")
    listener = f"   9: 00000000:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0"
    return f"{head}\n{listener}\n{rest}"


def with_qemu_conf(text: str, case: Case | None = None) -> Case:
    return (case or Case()).destination("qemu.conf", lambda before: f"{before}\n{text}\n")


#: What iptables-nft-save 1.8.9 says of a table `filter` of nft's, whose base chain is none of its own.
NOT_OF_IPTABLES = """family 4 nft
# Table `filter' contains incompatible base-chains, use 'nft' tool to list them.
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
family 6 nft
"""


def test_catches_ports_that_nft_drops_in_a_table_named_as_one_of_iptables() -> None:
    ruleset = nft(port_dropped(49152, 49200)).replace('"inet"', '"ip"').replace('"t"', '"filter"')
    case = Case().destination("nft", ruleset).destination("iptables", NOT_OF_IPTABLES)
    [finding] = case.result(RULE).findings
    assert "49 ports from 49152 to 49200" in finding.message


def test_passes_such_a_table_that_drops_other_ports() -> None:
    ruleset = nft(port_dropped(1, 21)).replace('"inet"', '"ip"').replace('"t"', '"filter"')
    case = Case().destination("nft", ruleset).destination("iptables", NOT_OF_IPTABLES)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_catches_ports_that_are_dropped() -> None:
    result = behind("range-drop").result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "pair")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == (
        "the firewall blocks 64 ports from 49152 to 49215 for the source:"
        " drop by table inet filter chain input: tcp dport 49152-49215 drop"
    )
    assert finding.predicted_error == ERROR


@pytest.mark.parametrize(
    "ruleset", ["policy-drop", "firewalld-default", "reject-admin-prohibited", "reject-port-unreachable"]
)
def test_catches_what_distributions_set_up_by_themselves(ruleset: str) -> None:
    result = behind(ruleset).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    assert all("64 ports from 49152 to 49215" in finding.message for finding in result.findings)


def test_catches_a_firewall_that_opens_the_range_to_another_host_alone() -> None:
    # "saddr" lets 192.0.2.12 in, and the source is 192.0.2.11
    assert behind("saddr").result(RULE).blocks


def test_warns_when_ports_are_shut_that_this_migration_does_not_take() -> None:
    result = Case().destination("nft", nft(port_dropped(49153, 49215))).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    [finding] = result.findings
    assert "63 ports from 49153 to 49215" in finding.message
    assert finding.predicted_error is None


def test_names_one_shut_port_as_one() -> None:
    [finding] = Case().destination("nft", nft(port_dropped(49160, 49160))).result(RULE).findings
    assert "blocks port 49160 for the source: drop by" in finding.message


@pytest.mark.parametrize(
    ("concurrency", "copy_storage", "hit"), [(3, "none", True), (2, "all", True), (2, "none", False)]
)
def test_counts_the_ports_that_all_migrations_take(concurrency: int, copy_storage: str, hit: bool) -> None:
    # 49154 is the third; a migration that copies storage takes two
    case = Case().destination("nft", nft(port_dropped(49154, 49154)))
    result = case.asking(concurrency=concurrency, copy_storage=copy_storage).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR if hit else Severity.WARNING)


def test_tells_apart_what_several_rules_shut() -> None:
    case = Case().destination("nft", nft(port_dropped(49152, 49155), port_dropped(49200, 49215)))
    findings = case.result(RULE).findings
    assert [finding.predicted_error for finding in findings] == [ERROR, None]
    assert [finding.severity for finding in findings] == [None, Severity.WARNING]
    assert "4 ports from 49152 to 49155" in findings[0].message
    assert "16 ports from 49200 to 49215" in findings[1].message


def test_passes_over_a_port_that_is_in_use_to_the_next_one() -> None:
    # 49152 is open and taken by another guest that comes in; the migration would take 49153, which is shut
    case = Case().destination("nft", nft(port_dropped(49153, 49153)))
    case.destination("sockets", lambda text: listening(49152, text))
    assert case.result(RULE).blocks


def test_passes_a_shut_port_that_is_in_use_and_so_not_taken() -> None:
    case = Case().destination("nft", nft(port_dropped(49152, 49152)))
    case.destination("sockets", lambda text: listening(49152, text))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_sees_the_last_port_in_use_too() -> None:
    case = Case().destination("nft", nft(port_dropped(49215, 49215)))
    case.destination("sockets", lambda text: listening(49215, text))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_the_sound_pair_without_a_firewall() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("ruleset", ["firewalld-port-range", "policy-drop-range-open", "empty"])
def test_passes_a_firewall_that_leaves_the_range_open(ruleset: str) -> None:
    assert behind(ruleset).result(RULE).outcome is Outcome.PASSED


def test_passes_a_firewall_that_shuts_all_but_the_ports_that_qemu_conf_was_narrowed_to() -> None:
    case = Case().destination("nft", nft(port_dropped(49152, 49215)))
    narrowed = with_qemu_conf("migration_port_min = 49300\nmigration_port_max = 49310", case)
    assert narrowed.result(RULE).outcome is Outcome.PASSED


def test_passes_a_host_whose_kernel_has_no_nf_tables_and_no_rules_of_iptables() -> None:
    case = Case().destination("nft", '{"nftables": []}\n')
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_firewall_of_the_sources_own() -> None:
    # what comes in at the source is not the migration's memory
    assert Case().source("nft", nft(port_dropped(1, 65535))).result(RULE).outcome is Outcome.PASSED


def test_passes_a_rule_for_an_interface_that_the_source_does_not_come_in_by() -> None:
    # libvirt moved the guest in the lab
    left = {"meta": {"key": "iifname"}}
    rule = json.dumps([{"match": {"op": "==", "left": left, "right": "eth1"}}, {"drop": None}])
    storage = "3: eth1    inet 198.51.100.2/24 scope global eth1\\  valid_lft forever preferred_lft forever\n"
    case = Case().destination("nft", nft(rule)).destination("addresses", lambda text: text + storage)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_firewall_that_shuts_ipv6_where_the_name_is_an_ipv4_address() -> None:
    # libvirt moved the guest in the lab
    left = {"meta": {"key": "nfproto"}}
    rule = json.dumps([{"match": {"op": "==", "left": left, "right": "ipv6"}}, {"drop": None}])
    six = "2: eth0    inet6 2001:db8::{}/64 scope global \\  valid_lft forever preferred_lft forever\n"
    case = Case().destination("nft", nft(rule)).destination("addresses", lambda text: text + six.format(12))
    case.source("addresses", lambda text: text + six.format(11))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_judges_the_firewall_although_the_name_does_not_resolve() -> None:
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2")
    assert behind("range-drop", case).result(RULE).blocks


def test_does_not_apply_where_no_port_of_its_own_is_used() -> None:
    case = behind("range-drop")
    assert case.asking(mode=Mode.TUNNELLED).result(RULE).outcome is Outcome.NOT_APPLICABLE
    assert case.asking(mode=Mode.MANAGED, offline=True).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_nft_is_not_installed_on_a_kernel_that_has_nf_tables() -> None:
    result = Case().destination("nft", Record("", MISSING)).result(RULE)
    assert (result.outcome, result.obscures) == (Outcome.UNKNOWN, True)
    assert result.reason == "nft is not installed, and the kernel's nf_tables may have rules that only nft lists"


@pytest.mark.parametrize("record", ["nft", "iptables", "qemu.conf", "sockets", "addresses"])
def test_is_unknown_when_the_destination_did_not_tell(record: str) -> None:
    result = Case().destination(record, None).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.obscures


def test_is_unknown_when_the_sources_addresses_are_not_known() -> None:
    result = Case().source("addresses", None).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "addresses was not answered")


def test_is_unknown_when_a_program_decides() -> None:
    result = Case().destination("nft", nft('[{"queue": {"num": 0}}]')).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason is not None
    assert "cannot be predicted" in result.reason


def test_catches_the_port_in_migrateuri_that_is_dropped() -> None:
    case = Case().destination("nft", nft(port_dropped(50100, 50100))).asking(migrateuri="tcp://host2.example.com:50100")
    result = case.result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    assert Case().destination("nft", nft(port_dropped(50100, 50100))).result(RULE).outcome is Outcome.PASSED


def test_passes_a_range_that_is_dropped_where_migrateuri_names_another_port() -> None:
    case = behind("range-drop").asking(migrateuri="tcp://host2.example.com:50100")
    assert case.result(RULE).outcome is Outcome.PASSED
    assert case.asking(copy_storage="all").result(RULE).blocks
    assert case.asking(copy_storage="all", disks_port=50101).result(RULE).outcome is Outcome.PASSED
