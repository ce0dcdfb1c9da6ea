"""firewall-rate-exceeded: more connections at one instant than the destination's firewall accepts."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role, Transport
from preflight.rule import Severity
from tests.case import Case
from tests.unit.capacity.test_path import FIRST, RANGE, UFW, at_most, connected, filtered, firewall, on_port

RULE = "firewall-rate-exceeded"
COUNT = '{"ct count": {"val": 3, "inv": true}}'


def blocks(case: Case) -> bool:
    """Report whether the migrations fail for certain."""
    result = case.result(RULE)
    return result.outcome is Outcome.FAILED and result.severity is Severity.ERROR


def test_catches_more_logins_than_are_accepted() -> None:
    result = filtered(on_port(22, at_most(5))).asking(concurrency=5).result(RULE)
    [finding] = result.findings
    assert (result.outcome, result.severity, finding.host) == (Outcome.FAILED, Severity.ERROR, Role.DESTINATION)
    assert finding.message == (
        "the firewall accepts 5 connections to port 22 at once (6/minute burst 5), but 6 are opened for 5 simultaneous"
        " migrations; beyond that: reject by table inet t chain i: tcp dport 22 ct state new limit reject"
    )
    assert finding.predicted_error == "ssh: connect to host "


def test_catches_more_open_connections_than_are_accepted() -> None:
    assert filtered(on_port(22, COUNT)).asking(concurrency=3).result(RULE).severity is Severity.ERROR
    assert filtered(on_port(22, COUNT)).asking(concurrency=2).result(RULE).outcome is Outcome.PASSED


def test_catches_more_connections_for_data_than_are_accepted() -> None:
    case = filtered(on_port(RANGE, at_most(4)))
    [finding] = case.asking(concurrency=5).result(RULE).findings
    assert finding.predicted_error == "unable to connect to server at '"
    assert not blocks(case.asking(concurrency=4))
    [finding] = case.asking(concurrency=2, parallel=True).result(RULE).findings
    assert finding.predicted_error == "Failed to connect to '", "of QEMU, which opens the second and the third"
    [finding] = case.asking(concurrency=5, parallel=True).result(RULE).findings
    assert finding.predicted_error == "unable to connect to server at '"
    assert case.asking(concurrency=5, mode=Mode.TUNNELLED, parallel=False).result(RULE).outcome is Outcome.PASSED


def test_catches_more_connections_to_the_daemon_than_are_accepted() -> None:
    case = filtered(on_port(16514, at_most(4)))
    assert case.asking(concurrency=4, transport=Transport.TLS).result(RULE).outcome is Outcome.FAILED
    assert case.asking(concurrency=4, transport=Transport.SSH).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(("concurrency", "severity"), [(10, Severity.WARNING), (20, Severity.ERROR)])
def test_dropped_connections_are_a_risk_as_long_as_the_kernel_tries_again(concurrency: int, severity: Severity) -> None:
    """A token is there every 10 seconds, and the kernel tries for a minute."""
    case = filtered(on_port(22, at_most(5)).replace('"reject"', '"drop"'))
    assert case.asking(concurrency=concurrency).result(RULE).severity is severity


def test_passes_one_migration_within_a_rate() -> None:
    assert filtered(on_port(22, at_most(2))).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_rules_could_not_be_read() -> None:
    case = Case().destination("nft", None).destination("iptables", None)
    assert case.asking(concurrency=20).result(RULE).outcome is Outcome.UNKNOWN


def test_passes_without_a_rate() -> None:
    assert filtered(on_port(80, at_most(1))).asking(concurrency=20).result(RULE).outcome is Outcome.PASSED


def test_passes_a_rate_of_a_port_that_only_one_of_the_migrations_uses() -> None:
    case = filtered(on_port(49154, at_most(1)))
    assert case.asking(concurrency=20).result(RULE).outcome is Outcome.PASSED
    assert case.asking(concurrency=20, parallel=True).result(RULE).severity is Severity.ERROR, (
        "it has three connections"
    )


def test_catches_the_ports_of_copied_disks() -> None:
    """Each migration uses two ports: 49152 to 49157 for three."""
    case = filtered(on_port("49152-49157", at_most(5)))
    assert not blocks(case.asking(concurrency=3))
    [finding] = case.asking(concurrency=3, copy_storage="all").result(RULE).findings
    assert "connections to ports 49152 to 49157 at once (6/minute burst 5), but 6 are opened" in finding.message
    given = filtered(on_port(50000, at_most(1))).asking(concurrency=2, copy_storage="all", disks_port=50000)
    assert given.result(RULE).outcome is Outcome.FAILED


def test_catches_connections_of_two_kinds_that_one_rule_counts() -> None:
    """A rule without a port: two logins, preflight's own, and two connections for memory."""
    left = '{"ct": {"key": "state"}}'
    every = f'{{"match": {{"op": "in", "left": {left}, "right": "new"}}}}, {at_most(4)}, {{"reject": null}}'
    [finding] = filtered(every).asking(concurrency=2).result(RULE).findings
    assert "but 5 are opened" in finding.message
    assert finding.predicted_error == "unable to connect to server at '", "the logins come first"
    [finding] = filtered(every).asking(concurrency=4).result(RULE).findings
    assert finding.predicted_error == "ssh: connect to host "
    assert not blocks(filtered(every.replace('"burst": 4', '"burst": 5')).asking(concurrency=2))


#: A match on the packet that answers the first one.
ANSWERS = '{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "flags"}}, "right": ["syn", "ack"]}}'


def leaving(statement: str, hook: str = "output", field: str = "dport") -> str:
    """Return a ruleset whose only chain counts the connections to, or the answers from, the ports of migrations."""
    rule = on_port(RANGE, statement)
    if field == "sport":
        rule = rule.replace(FIRST, ANSWERS)
    return firewall(rule).replace('"hook": "input"', f'"hook": "{hook}"').replace("dport", field)


def test_catches_the_sources_own_rules_for_what_leaves() -> None:
    case = Case().source("nft", leaving(at_most(2))).source("iptables", "").source("peer.name", "host2.example.com")
    case = case.source("peer.resolve", "192.0.2.12 STREAM host2.example.com\n")
    [finding] = case.asking(concurrency=3).result(RULE).findings
    assert (finding.host, finding.severity) == (Role.SOURCE, None)
    assert finding.message.startswith(
        "the firewall accepts 2 outgoing connections to ports 49152 to 49215 at once (6/minute burst 2), but 3 are"
    )
    assert not blocks(case.asking(concurrency=2))


@pytest.mark.parametrize(("end", "hook"), [("source", "input"), ("destination", "output")])
def test_catches_rules_for_the_answers(end: str, hook: str) -> None:
    case = Case().source("peer.name", "host2.example.com").source("peer.resolve", "192.0.2.12 STREAM host2\n")
    getattr(case, end)("nft", leaving(at_most(2), hook, "sport"))
    getattr(case, end)("iptables", "")
    [finding] = case.asking(concurrency=3).result(RULE).findings
    assert (str(finding.host), "2 answers from ports 49152 to 49215" in finding.message) == (end, True)
    assert not blocks(case.asking(concurrency=2))


@pytest.mark.parametrize("mode", [Mode.MANAGED, Mode.PEER_TO_PEER])
def test_logins_leave_the_source_only_if_its_daemon_opens_them(mode: Mode) -> None:
    rules = leaving(at_most(1)).replace("[49152, 49215]", "[22, 22]")
    case = Case().source("nft", rules).source("iptables", "").source("peer.name", "host2.example.com")
    case.source("peer.resolve", "192.0.2.12 STREAM host2.example.com\n")
    found = case.asking(concurrency=2, mode=mode).result(RULE).outcome
    assert found is (Outcome.PASSED if mode is Mode.MANAGED else Outcome.FAILED)


def test_catches_logins_at_the_source() -> None:
    """`virsh -c qemu+ssh://source` logs in there for each migration, from where preflight's own login comes."""
    case = Case().source("nft", firewall(on_port(2222, at_most(3), "192.0.2.1"))).source("iptables", "")
    assert case.asking(concurrency=4).result(RULE).outcome is Outcome.PASSED, "where logins come from is unknown"
    case.source("came-from", "192.0.2.1 41000 192.0.2.11 2222\n")
    [finding] = case.asking(concurrency=4).result(RULE).findings
    assert (finding.host, "3 connections to port 2222" in finding.message) == (Role.SOURCE, True)


def test_logins_of_a_managed_migration_come_from_the_client() -> None:
    case = filtered(on_port(22, at_most(3), "192.0.2.1")).destination("came-from", "192.0.2.1 41000 192.0.2.12 22\n")
    assert case.asking(concurrency=3).result(RULE).outcome is Outcome.FAILED
    assert case.asking(concurrency=3, mode=Mode.PEER_TO_PEER).result(RULE).outcome is Outcome.PASSED


def listed(*seconds: int) -> Case:
    """Return hosts whose destination limits logins as ufw does, and has seen the client so many seconds ago."""
    now = 2**32 - 300 * 250 + 3822 * 250
    seen = ", ".join(str(now - one * 250) for one in seconds)
    entry = f"# src=192.0.2.1 ttl: 64 last_seen: {now - seconds[-1] * 250} oldest_pkt: 1 {seen}"
    lines = [line for line in UFW.splitlines() if not line.startswith("# src=")]
    text = "\n".join([*lines[:-1], entry, f"# jiffies {now}", ""])
    case = Case().destination("nft", '{"nftables": []}').destination("iptables", text)
    return case.destination("came-from", "192.0.2.1 41000 192.0.2.12 22\n")


def test_catches_one_migration_where_earlier_logins_have_used_up_the_rate() -> None:
    """The sixth in 30 seconds is rejected: four before, preflight's own a second ago, and that of the migration."""
    result = listed(20, 15, 12, 10, 1).result(RULE)
    [finding] = result.findings
    assert result.severity is Severity.ERROR
    assert finding.message.startswith(
        "the firewall accepts 5 connections to port 22 at once (hitcount 6 in 30 s), but 6 are opened for one"
        " migration, including 5 of the last 30 s; beyond that: reject by table ip filter chain INPUT"
    )


def test_passes_one_migration_where_earlier_logins_no_longer_count() -> None:
    assert listed(40, 35, 12, 10, 1).result(RULE).outcome is Outcome.PASSED


def test_catches_one_migration_where_the_open_connections_are_as_many_as_are_accepted() -> None:
    """preflight's own login ends before the migration begins."""
    case = connected(filtered(on_port(22, COUNT)), 22, *["0B0200C0"] * 4)
    [finding] = case.result(RULE).findings
    assert "but 4 are opened for one migration, including 3 that are open now" in finding.message
    assert connected(filtered(on_port(22, COUNT)), 22, *["0B0200C0"] * 3).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(("per", "outcome"), [("hour", Outcome.FAILED), ("second", Outcome.PASSED)])
def test_the_login_of_the_check_counts_until_the_rate_has_recovered(per: str, outcome: Outcome) -> None:
    assert filtered(on_port(22, at_most(1).replace("minute", per))).result(RULE).outcome is outcome


def test_passes_one_migration_through_rules_that_cannot_be_judged() -> None:
    """preflight's own login has passed them; the rules about closed ports report those for data."""
    unsure = '{"match": {"op": "==", "left": {"meta": {"key": "skuid"}}, "right": 5}}'
    case = filtered(on_port(22, unsure), on_port(80, at_most(1)))
    assert case.result(RULE).outcome is Outcome.PASSED
    assert case.asking(concurrency=2).result(RULE).outcome is Outcome.UNKNOWN


def test_says_until_when_a_rate_whose_rest_cannot_be_read_may_be_used_up() -> None:
    """Preflight's own login shows that one connection passed; those of three migrations take 30 s to be there again."""
    result = filtered(on_port(22, at_most(5))).asking(concurrency=3).result(RULE)
    [finding] = result.findings
    assert result.severity is Severity.WARNING
    assert finding.message == (
        "the firewall accepts 5 connections to port 22 at once (6/minute burst 5), and 4 are opened for 3 simultaneous"
        " migrations; how many are left cannot be read, but they suffice if none begins for 30 s before; beyond that:"
        " reject by table inet t chain i: tcp dport 22 ct state new limit reject"
    )


@pytest.mark.parametrize(
    ("per", "severity"), [("hour", Severity.ERROR), ("minute", Severity.ERROR), ("second", Severity.WARNING)]
)
def test_catches_a_rate_that_counts_every_packet_of_the_memory(per: str, severity: Severity) -> None:
    rate = at_most(500).replace('"rate": 6', '"rate": 120').replace("minute", per)
    every = on_port(RANGE, rate).replace(f"{FIRST}, ", "")
    result = filtered(every).result(RULE)
    [finding] = result.findings
    assert result.severity is severity
    assert "counts every packet of connections to ports 49152 to 49215, not only the first" in finding.message
    accepting = f'{FIRST.replace("new", "established")}, {{"accept": null}}'
    within = every.replace(', "inv": true', "").replace("reject", "accept")
    others = f"{on_port(RANGE, FIRST).replace(f'{FIRST}, ', '', 1)}"
    before_accepted = filtered(within, accepting, others).result(RULE)
    assert before_accepted.severity is Severity.WARNING, "what is accepted uses up what new connections need"
    assert "; beyond that, of new connections: reject by" in str(before_accepted.findings)
    behind_accepted = filtered(accepting, every)
    assert not blocks(behind_accepted)
    assert "every packet" not in str(behind_accepted.result(RULE).findings)


HASHLIMIT = """family 4
*filter
:INPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m hashlimit --hashlimit-above 2/min --hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name ssh{mask} -j REJECT --reject-with icmp-port-unreachable
COMMIT
# hashlimit ssh
# 59 {source}:0->0.0.0.0:0 {left}666304046432 8246337180000000 2061584295000000
# 59 192.0.2.7:0->0.0.0.0:0 0 8246337180000000 2061584295000000
# now
"""  # noqa: E501 - as iptables-save and the kernel print it


@pytest.mark.parametrize(
    ("left", "source", "mask", "fails"),
    [
        (0, "192.0.2.1", "", True),
        (2061584, "192.0.2.1", "", False),
        (0, "192.0.2.99", "", False),
        (0, "192.0.2.0", " --hashlimit-srcmask 24", True),
    ],
)
def test_the_buckets_of_hashlimit_are_known(left: int, source: str, mask: str, fails: bool) -> None:
    text = HASHLIMIT.format(left=left, source=source, mask=mask)
    case = Case().destination("nft", '{"nftables": []}').destination("iptables", text)
    case = case.destination("came-from", "192.0.2.1 41000 192.0.2.12 22\n")
    result = case.result(RULE)
    assert result.outcome is (Outcome.FAILED if fails else Outcome.PASSED)
    assert ("including 5 before that still count" in str(result.findings)) is fails


def test_a_network_whose_logins_a_list_counts_together() -> None:
    case = listed(20, 15, 12, 10, 1)
    case = case.destination("iptables", lambda text: text.replace("255.255.255.255", "255.255.255.0"))
    assert case.result(RULE).outcome is Outcome.PASSED
    of_network = case.destination("iptables", lambda text: text.replace("src=192.0.2.1 ", "src=192.0.2.0 "))
    assert of_network.result(RULE).outcome is Outcome.FAILED
