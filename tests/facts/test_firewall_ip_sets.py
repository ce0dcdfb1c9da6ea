"""Rules of iptables that match sets of ipset."""

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.firewall.firewall import Firewall
from preflight.facts.firewall.ip_sets import MOST
from preflight.facts.network.addresses import OwnAddresses

SOURCE = "192.0.2.12"
OWN = OwnAddresses.parse(
    Record("2: eth0    inet 192.0.2.11/24 scope global eth0\n2: eth0    inet6 2001:db8::11/64 scope global\n")
)
#: As `ipset save` 7.17 printed it.
SAVED = """\
create a hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x9b758675
add a 192.0.2.1
add a 192.0.2.12
create at hash:ip family inet hashsize 1024 maxelem 65536 timeout 300 counters comment bucketsize 12 initval 0x52bf0bff
add at 192.0.2.12 timeout 59 packets 0 bytes 0 comment "hello world"
add at 192.0.2.13 timeout 86400 packets 0 bytes 0
add at 192.0.2.14 timeout 0 packets 0 bytes 0
create n hash:net family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x2419e722
add n 192.0.2.12/30 nomatch
add n 192.0.2.13
add n 192.0.2.0/24
create n6 hash:net family inet6 hashsize 1024 maxelem 65536 bucketsize 12 initval 0xe6fda6ef
add n6 2001:db8::/64
create ipp hash:ip,port family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x05180d6f
add ipp 192.0.2.12,tcp:80
add ipp 192.0.2.12,udp:49152
add ipp 192.0.2.13,tcp:49152
create np hash:net,port family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x6935705f
add np 192.0.2.0/24,tcp:49152
create p bitmap:port range 0-65535
add p 49152
add p 49153
create b bitmap:ip range 192.0.2.0-192.0.2.255
add b 192.0.2.12
create ni hash:net,iface family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xd7a3cbaf
add ni 192.0.2.0/24,eth0
create ipi hash:ip,port,ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x0b770b0e
add ipi 192.0.2.12,tcp:49152,192.0.2.11
create mask hash:ip family inet hashsize 1024 maxelem 65536 netmask 24 bucketsize 12 initval 0x9042227c
add mask 192.0.2.0
create empty hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x9042227c
create l list:set size 8
add l empty
add l np
create lost list:set size 8
add lost elsewhere
create strange tree:ip family inet
add strange 192.0.2.12
"""


def saved(*rules: str, sets: str = SAVED, family: str = "4") -> Firewall:
    remarks = "".join(f"# set {line}\n" for line in sets.splitlines())
    text = "".join(f"-A INPUT {rule}\n" for rule in rules)
    head = f"family {family} nft\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
    return Firewall.parse(Record('{"nftables": []}'), Record(f"{head}{text}COMMIT\n{remarks}"))


def fate(host: Firewall, source: str = SOURCE, port: int = 49152) -> str:
    try:
        return str(host.judge(port, [source], OWN).action)
    except Unreadable:
        return "unknown"


@pytest.mark.parametrize(
    ("match", "source", "action"),
    [
        ("--match-set a src", SOURCE, "drop"),
        ("--match-set a src", "192.0.2.2", "accept"),
        ("--match-set a dst", SOURCE, "accept"),
        ("! --match-set a src", SOURCE, "accept"),
        ("! --match-set a src", "192.0.2.2", "drop"),
        ("! --match-set empty src", SOURCE, "drop"),
        ("--match-set empty src", SOURCE, "accept"),
        ("--match-set a src ! --update-counters", SOURCE, "drop"),
        ("--match-set a src --packets-gt 5", SOURCE, "unknown"),
        ("--match-set a src --return-nomatch", SOURCE, "unknown"),
        # an element that will be gone soon
        ("--match-set at src", SOURCE, "unknown"),
        ("! --match-set at src", SOURCE, "unknown"),
        ("--match-set at src", "192.0.2.13", "drop"),
        ("--match-set at src", "192.0.2.14", "drop"),
        ("--match-set at src", "192.0.2.15", "accept"),
        # the smallest network decides
        ("--match-set n src", SOURCE, "accept"),
        ("--match-set n src", "192.0.2.13", "drop"),
        ("--match-set n src", "192.0.2.99", "drop"),
        ("--match-set n6 src", SOURCE, "accept"),
        ("--match-set ipp src,dst", SOURCE, "accept"),
        ("--match-set ipp src,dst", "192.0.2.13", "drop"),
        ("--match-set ipp src", SOURCE, "unknown"),
        ("--match-set np src,dst", SOURCE, "drop"),
        ("--match-set p dst", SOURCE, "drop"),
        ("--match-set b src", SOURCE, "drop"),
        ("--match-set ipi src,dst,dst", SOURCE, "drop"),
        ("--match-set ni src,src", SOURCE, "unknown"),
        ("--match-set mask src", SOURCE, "drop"),
        ("--match-set mask src", "198.51.100.1", "accept"),
        ("--match-set l src,dst", SOURCE, "drop"),
        ("--match-set lost src", SOURCE, "unknown"),
        ("--match-set strange src", SOURCE, "unknown"),
        ("--match-set nowhere src", SOURCE, "unknown"),
    ],
)
def test_a_rule_applies_to_what_is_in_its_set(match: str, source: str, action: str) -> None:
    own = Firewall.parse(Record('{"nftables": []}'), Record(""))
    assert fate(own, source) == "accept"
    assert fate(saved(f"-m set {match} -j DROP"), source) == action


def test_a_port_is_told_from_another() -> None:
    host = saved("-p tcp -m set --match-set p dst -j DROP")
    judged = host.judge_all(range(49150, 49157), [SOURCE], OWN)
    assert [port for port, one in judged if one.action == "drop"] == [49152, 49153]
    assert judged[2][1].rule == "table ip filter chain INPUT: meta l4proto tcp match-set p dst drop"


def test_a_list_of_sets_has_what_one_of_them_has() -> None:
    sets = SAVED.replace("add l np\n", "add l a\nadd l p\n")
    assert fate(saved("-m set --match-set l src -j DROP", sets=sets.replace("add l p\n", ""))) == "drop"
    assert fate(saved("-m set ! --match-set l src -j DROP", sets=sets.replace("add l p\n", ""))) == "accept"
    assert fate(saved("-m set --match-set l src -j DROP", sets=sets.replace("add l p\n", "")), "192.0.2.2") == "accept"


def test_a_set_that_rules_change_may_be_another_by_then() -> None:
    outside, inside = "192.0.2.2", SOURCE
    for target, found in (
        ("--add-set a src", ("unknown", "drop")),
        ("--del-set a src", ("accept", "unknown")),
        ("--add-set b src", ("accept", "drop")),
    ):
        host = saved("-m set --match-set a src -j DROP", f"-p udp -j SET {target}")
        assert (fate(host, outside), fate(host, inside)) == found


def test_of_a_set_that_is_too_large_only_what_was_read_is_known() -> None:
    many = "".join(f"add a 10.0.{number >> 8}.{number & 255}\n" for number in range(MOST))
    host = saved("-m set --match-set a src -j DROP", sets=f"create a hash:ip family inet\nadd a {SOURCE}\n{many}")
    assert fate(host) == "drop"
    assert fate(host, "192.0.2.2") == "unknown"


@pytest.mark.parametrize(
    "sets",
    [
        "add a 192.0.2.12\n",
        "create a\n",
        "create a hash:ip\nadd a\n",
        "create a hash:ip\nadd a 192.0.2.12,tcp:80\n",
        "create a hash:ip\nadd a not-an-address\n",
        "create a hash:ip,port family inet\nadd a 192.0.2.12,tcp:http\n",
        "create a hash:net\nadd a 192.0.2.13/24 nomatch\n",
        "create a list:set\nadd a a\n",
    ],
)
def test_sets_of_another_form_are_unknown(sets: str) -> None:
    assert fate(saved("-m set --match-set a src,dst -j DROP", sets=sets)) == "unknown"


def test_a_set_of_a_rule_that_does_not_decide_does_not_matter() -> None:
    host = saved("-p tcp --dport 22 -m set --match-set nowhere src -j DROP", "-m set --match-set nowhere src -j LOG")
    assert fate(host) == "accept"
