"""`Firewall` predicts what the real kernel did with real connections. See cases/firewall/record.py."""

import contextlib
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from preflight.facts.fact import MISSING, Record, Unreadable
from preflight.facts.firewall.firewall import Firewall, Judgement
from preflight.facts.network.addresses import OwnAddresses

CASES = Path(__file__).parent / "cases" / "firewall"
RECORDED: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text()) for path in sorted(CASES.glob("*.json"))}
#: nft up to 1.0.6 does not tell an ingress chain's devices in JSON.
#: Nor does 0.9.8 tell a rate in a statement that adds to a set.
UNTOLD_RATES = {("nft-dynamic-set", "0.9.8"), ("nft-dynamic-count", "0.9.8")}
UNTOLD = {("ingress", "0.9.8"), ("ingress", "1.0.6")}


@pytest.mark.parametrize(("name", "nft"), [(name, nft) for name, case in RECORDED.items() for nft in case["shown"]])
def test_judges_as_the_kernel_did(name: str, nft: str) -> None:
    case = RECORDED[name]
    own = OwnAddresses.parse(Record(case["addresses"]))
    host = firewall(case["shown"][nft])
    judged = {
        source: {port: action_of(host, int(port), source, own) for port in ports}
        for source, ports in case["observed"].items()
    }
    if (name, nft) in UNTOLD:
        judged = {
            source: {port: seen[port] if "cannot be determined" in action else action for port, action in ports.items()}
            for (source, ports), seen in zip(judged.items(), case["observed"].values(), strict=True)
        }
    assert judged == case["observed"]


RATES: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted((CASES / "rates").glob("*.json"))
}


@pytest.mark.parametrize(("name", "nft"), [(name, nft) for name, case in RATES.items() for nft in case["shown"]])
def test_counts_connections_as_the_kernel_did(name: str, nft: str) -> None:
    case = RATES[name]
    own = OwnAddresses.parse(Record(case["addresses"]))
    for source, accepted in case["accepted"].items():
        host = firewall(case["shown"][nft])
        if (name, nft) in UNTOLD_RATES:
            assert "cannot be determined" in action_of(host, 22, source, own)
            continue
        judgement = host.judge(22, [source], own)
        assert (judgement.action == "accept") is (accepted > 0)
        if not accepted:
            continue
        allowed = min((rate.most for rate, _ in judgement.rates), default=case["tried"])
        # of two rates that both accept, the kernel adds up what we take the greater of
        assert allowed == {"nft-two-limits": 4}.get(name, accepted)


def firewall(shown: dict[str, str]) -> Firewall:
    return Firewall.parse(Record(shown["nft"]), Record(shown["iptables"]))


def action_of(host: Firewall, port: int, source: str, own: OwnAddresses | None) -> str:
    try:
        return str(host.judge(port, [source], own).action)
    except Unreadable as why:
        return str(why)


def rules(text: str, *further: str, policy: str = "accept") -> Firewall:
    """Return a firewall of one input chain, from nft's JSON for its rules; further objects as JSON too."""
    chain = f'{{"family": "inet", "table": "t", "name": "i", "type": "filter", "hook": "input", "policy": "{policy}"}}'
    body = [
        f'{{"rule": {{"family": "inet", "table": "t", "chain": "i", "expr": [{one}]}}}}' for one in text.split("\n")
    ]
    table = '{"table": {"family": "inet", "name": "t"}}'
    objects = ", ".join([table, f'{{"chain": {chain}}}', *further, *(body if text else [])])
    return Firewall.parse(Record(f'{{"nftables": [{objects}]}}'), Record(""))


def match(left: str, right: object, op: str = "==") -> str:
    """Return a match on what nft calls "tcp dport", "meta iifname", "ct state"…"""
    space, key = left.split()
    looked = {space: {"key": key}} if space in {"meta", "ct"} else {"payload": {"protocol": space, "field": key}}
    return json.dumps({"match": {"op": op, "left": looked, "right": right}})


DROP = ', {"drop": null}'
PORT = match("tcp dport", 49152)


@pytest.mark.parametrize(
    "deciding",
    [
        '{"limit": {"rate": 10, "burst": 5, "per": "second"}}, {"drop": null}',
        '{"xt": {"type": "match", "name": "recent"}}, {"drop": null}',
        '{"xt": null}, {"drop": null}',
        '{"queue": null}',
        '{"redirect": {"port": {"range": [22, 49200]}}}',
        '{"dnat": {"addr": "192.0.2.1"}}',
        '{"synproxy": null}',
        '{"xt": {"type": "target", "name": "TARPIT"}}',
        '{"brandnew": null}, {"drop": null}',
        match("meta skuid", 0) + DROP,
        '{"match": {"op": "==", "left": {"payload": {"base": "th", "offset": 16, "len": 16}}, "right": 1}}' + DROP,
        match("ip ttl", 9, "<") + DROP,
        match("ct helper", "ftp") + DROP,
        match("tcp sport", 40000) + DROP,
        match("ip daddr", "192.0.2.11") + DROP,
        '{"mangle": {"key": {"payload": {"protocol": "tcp", "field": "dport"}}, "value": 22}}',
        '{"mangle": {"key": {"meta": {"key": "mark"}}, "value": 1}}, ' + match("meta mark", 1) + DROP,
    ],
)
def test_what_is_not_understood_is_unknown_where_it_decides(deciding: str) -> None:
    with pytest.raises(Unreadable, match=r"table inet t chain i|cannot be predicted"):
        rules(deciding).judge(49152, ["192.0.2.12"])
    with_port = rules(f"{PORT}, {deciding}")
    with pytest.raises(Unreadable):
        with_port.judge(49152, ["192.0.2.12"])
    assert with_port.judge(49153, ["192.0.2.12"]).action == "accept"


def test_what_is_not_understood_does_not_matter_where_both_ways_lead_to_the_same() -> None:
    limited = '{"limit": {"rate": 10, "per": "second"}}, {"log": {"prefix": "x"}}, {"drop": null}\n{"reject": null}'
    assert rules(limited).judge(49152, ["192.0.2.12"]).action == "drop"


def test_the_deciding_rule_is_named() -> None:
    dropped = f'{PORT}, {{"counter": {{"packets": 1, "bytes": 2}}}}, {{"drop": null}}'
    assert rules(dropped).judge(49152, ["192.0.2.12"]).rule == "table inet t chain i: tcp dport 49152 drop"
    assert rules("", policy="drop").judge(49152, ["192.0.2.12"]).rule == "table inet t chain i: policy drop"
    assert rules("").judge(49152, ["192.0.2.12"]).rule is None


IIF = match("meta iifname", "eth0")


def test_without_addresses_of_its_own_any_interface_may_be_the_one() -> None:
    with pytest.raises(Unreadable, match="depends on the interface"):
        rules(f'{IIF}, {PORT}, {{"drop": null}}').judge(49152, ["192.0.2.12"])
    both = rules(f'{IIF}, {{"drop": null}}\n{{"drop": null}}')
    assert both.judge(49152, ["192.0.2.12"]).action == "drop"


def test_sources_that_fare_differently_are_unknown() -> None:
    host = rules(match("ip saddr", "192.0.2.12") + DROP)
    assert host.judge(49152, ["192.0.2.13"]).action == "accept"
    with pytest.raises(Unreadable, match="depends on"):
        host.judge(49152, ["192.0.2.12", "192.0.2.13"])


def test_a_source_of_a_version_that_the_host_does_not_have_is_left_out() -> None:
    own = OwnAddresses.parse(Record("1: lo    inet 127.0.0.1/8 x\n2: eth0    inet 192.0.2.11/24 x\n"))
    host = rules(match("meta nfproto", "ipv6") + DROP)
    assert host.judge(49152, ["192.0.2.12", "2001:db8::12"], own).action == "accept"
    with pytest.raises(Unreadable, match="no address"):
        host.judge(49152, ["2001:db8::12"], own)


DYNAMIC = json.dumps(
    {"set": {"family": "inet", "table": "t", "name": "s", "flags": ["dynamic"], "elem": ["192.0.2.9"]}}
)
BY_SET = match("ip saddr", "@s") + DROP


def test_a_set_that_rules_add_to_may_hold_more_by_then() -> None:
    assert rules(BY_SET, DYNAMIC).judge(49152, ["192.0.2.9"]).action == "drop"
    with pytest.raises(Unreadable, match="cannot be determined"):
        rules(BY_SET, DYNAMIC).judge(49152, ["192.0.2.12"])


OVER = '{"limit": {"rate": 4, "burst": 4, "per": "minute", "inv": true}}'
ADDS = '{"set": {"op": "add", "elem": {"payload": {"protocol": "ip", "field": "saddr"}}, "set": "@s"}}'


@pytest.mark.parametrize(
    ("adding", "known"),
    [
        (f'{PORT}, {OVER}, {ADDS}, {{"drop": null}}', True),
        (f'{PORT}, {OVER}, {ADDS}, {{"accept": null}}', False),
        (f'{PORT}, {ADDS}, {OVER}, {{"drop": null}}', False),
        (f"{PORT}, {ADDS}", False),
        (
            f'{match("tcp dport", 23)}, {ADDS}, {{"counter": null}}{DROP}\n{PORT}, {OVER}{DROP}',
            True,
        ),
        (f'{PORT}, {OVER}, {ADDS}, {{"drop": null}}\n{PORT}, {ADDS}', False),
    ],
    ids=["beyond a rate", "it accepts", "within a rate too", "always", "of a trap", "by another rule too"],
)
def test_a_list_of_who_is_kept_out_beyond_a_rate_is_what_it_is_now(adding: str, known: bool) -> None:
    host = rules(f"{BY_SET}\n{adding}", DYNAMIC, '{"metainfo": {"version": "1.0.6"}}')
    assert host.judge(49152, ["192.0.2.9"]).action == "drop"
    if known:
        judgement = host.judge(49152, ["192.0.2.12"])
        assert (judgement.action, [rate.most for rate, _ in judgement.rates]) == ("accept", [4])
    else:
        with pytest.raises(Unreadable, match="cannot be determined"):
            host.judge(49152, ["192.0.2.12"])


def test_a_set_that_rules_add_to_is_known_without_its_flag() -> None:
    """nft 1.0.6 prints no flag of a dynamic set but that of its timeout."""
    text = DYNAMIC.replace('"dynamic"', '"timeout"')
    assert text != DYNAMIC
    with pytest.raises(Unreadable, match="cannot be determined"):
        rules(f"{BY_SET}\n{PORT}, {ADDS}", text).judge(49152, ["192.0.2.12"])


def test_a_set_whose_elements_have_a_limit_does_not_match_every_packet() -> None:
    limited = '{"elem": {"val": "192.0.2.9", "limit": {"rate": 3, "burst": 4, "per": "minute", "inv": true}}}'
    text = DYNAMIC.replace('"dynamic"', '"interval"').replace('"192.0.2.9"', limited)
    host = rules(BY_SET, text)
    assert host.judge(49152, ["192.0.2.12"]).action == "accept"
    with pytest.raises(Unreadable, match="cannot be determined"):
        host.judge(49152, ["192.0.2.9"])


@pytest.mark.parametrize(
    ("quota", "action"),
    [
        ('{"val": 2, "val_unit": "mbytes", "used": 2048, "used_unit": "kbytes", "inv": true}', "drop"),
        ('{"val": 2, "val_unit": "mbytes", "used": 2, "used_unit": "mbytes"}', "accept"),
        ('{"val": 2, "val_unit": "mbytes", "inv": true}', None),
    ],
    ids=["over", "until", "left"],
)
def test_a_quota_is_known_once_it_is_used_up(quota: str, action: str | None) -> None:
    """What is left of it may not last for the memory of a guest."""
    host = rules(f'{PORT}, {{"quota": {quota}}}, {{"drop": null}}')
    if action:
        assert host.judge(49152, ["192.0.2.12"]).action == action
    else:
        with pytest.raises(Unreadable, match="cannot be determined"):
            host.judge(49152, ["192.0.2.12"])


@pytest.mark.parametrize(
    ("listed", "seconds", "action"),
    [("192.0.2.9", "", "drop"), ("192.0.2.9", " --seconds 60", None), ("192.0.2.7", " --seconds 60", "accept")],
)
def test_sources_on_a_list_of_recent_ones_are_kept_out(listed: str, seconds: str, action: str | None) -> None:
    """Those that have been seen within some seconds may no longer count."""
    text = (
        f"family 4\n*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m recent --rcheck{seconds} --name ban"
        " --mask 255.255.255.255 --rsource -j DROP\n"
        "-A INPUT -p tcp -m tcp --dport 23 -m recent --set --name ban -j DROP\nCOMMIT\n"
        f"# recent ban\n# src={listed} ttl: 64 last_seen: 7 oldest_pkt: 1 7\n"
    )
    nothing = Record('{"nftables": []}')
    if action:
        assert Firewall.parse(nothing, Record(text)).judge(49152, ["192.0.2.9"]).action == action
    else:
        with pytest.raises(Unreadable, match="recent ban lately"):
            Firewall.parse(nothing, Record(text)).judge(49152, ["192.0.2.9"])
    by_others = text.replace("--set --name ban -j DROP", "--set --name ban -j ACCEPT").replace("192.0.2.9", "192.0.2.1")
    with pytest.raises(Unreadable, match="cannot be determined"):
        Firewall.parse(nothing, Record(by_others)).judge(49152, ["192.0.2.9"])


def test_a_table_that_is_switched_off_does_nothing() -> None:
    text = RECORDED["policy-drop"]["shown"]["1.1.3"]["nft"]
    dormant = text.replace('"name": "filter", "handle": 1', '"name": "filter", "handle": 1, "flags": ["dormant"]', 1)
    garbled = dormant.replace('["dormant"]', '"Lester Gooch #5"')  # as nft 1.0.6 shows it
    owned = dormant.replace("dormant", "owner")
    assert dormant != text
    judge = [Firewall.parse(Record(one), Record("")) for one in (text, dormant, owned, garbled)]
    assert [action_of(one, 49152, "192.0.2.12", None) for one in judge[:3]] == ["drop", "accept", "drop"]
    assert "switched off" in action_of(judge[3], 49152, "192.0.2.12", None)


#: The answer of a host without nft whose kernel has no nf_tables.
NO_NFTABLES = Record('{"nftables": []}\n')


@pytest.mark.parametrize("nft", [NO_NFTABLES, Record("", MISSING)], ids=["no nf_tables", "nf_tables"])
def test_without_nft_what_iptables_rejects_is_rejected(nft: Record) -> None:
    shown = RECORDED["rhel6-like"]["shown"]["1.0.6"]
    host = Firewall.parse(nft, Record(shown["iptables"]))
    judgement = host.judge(49152, ["192.0.2.77"])
    assert judgement.action == "reject"
    assert judgement.rule == "table ip filter chain INPUT: reject with icmp-host-prohibited"


def test_without_nft_a_port_is_open_only_if_the_kernel_has_no_nf_tables() -> None:
    assert Firewall.parse(NO_NFTABLES, Record("")).judge(49152, ["192.0.2.12"]).action == "accept"
    with pytest.raises(Unreadable, match="nft is not installed"):
        Firewall.parse(Record("", MISSING), Record("")).judge(49152, ["192.0.2.12"])
    # iptables-nft-save lists tables of its own, and not those of the family inet
    with pytest.raises(Unreadable, match="nft is not installed"):
        Firewall.parse(Record("", MISSING), Record("family 4 nft\nfamily 6 nft\n")).judge(49152, ["192.0.2.12"])


def test_without_iptables_nft_save_its_extensions_are_unknown() -> None:
    shown = RECORDED["default"]["shown"]["1.0.6"]
    host = Firewall.parse(Record(shown["nft"]), Record(""))
    with pytest.raises(Unreadable, match="xt match"):
        host.judge(49180, ["192.0.2.12"], OwnAddresses.parse(Record(RECORDED["default"]["addresses"])))


def test_no_firewall_lets_everything_in() -> None:
    host = Firewall.parse(NO_NFTABLES, Record(""))
    assert host.judge(49152, ["192.0.2.12", "2001:db8::12"]).action == "accept"


@pytest.mark.parametrize("addresses", [[], ["host1"]])
def test_no_address_is_unknown(addresses: list[str]) -> None:
    with pytest.raises(Unreadable):
        rules("").judge(49152, addresses)


def test_chains_that_call_each_other_without_end_are_unknown() -> None:
    with pytest.raises(Unreadable, match="endlessly"):
        rules('{"jump": {"target": "i"}}').judge(49152, ["192.0.2.12"])


def test_a_firewall_that_could_not_be_asked_is_unknown() -> None:
    with pytest.raises(Unreadable, match="a password is required"):
        Firewall.parse(Record("", 1, "sudo: a password is required"), Record(""))


def test_rules_of_another_shape_than_nft_writes_are_unknown() -> None:
    noise = random.Random(7)
    for case in ("verdict-maps", "firewalld-zones", "named-sets", "ct-words", "families"):
        text = RECORDED[case]["shown"]["1.1.3"]["nft"]
        for _ in range(150):
            with contextlib.suppress(Unreadable):
                host = Firewall.parse(Record(json.dumps(bent(json.loads(text), noise))), Record(""))
                host.judge(49180, ["192.0.2.12"])
                host.judge(49152, ["2001:db8::12"])


def bent(document: Any, noise: random.Random) -> Any:
    """Return the document with one part of it replaced by something else, somewhere deep inside."""
    places: list[tuple[Any, Any]] = []
    stack = [document]
    while stack:
        one = stack.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        places.extend((one, key) for key in keys)
        stack.extend(one[key] for key in keys)
    within, key = noise.choice(places)
    within[key] = noise.choice(
        [None, True, -1, 1.5, 10**40, "", "@", "@no", "x", [], {}, [[]], {"": 0}, ["a"], {"set": 1}]
    )
    return document


def told(judged: tuple[int, Judgement]) -> tuple[int, str, str | None]:
    """Ignore which rule accepts: several may accept the same packet."""
    port, judgement = judged
    return port, judgement.action, None if judgement.action == "accept" else judgement.rule


@pytest.mark.parametrize("name", RECORDED)
def test_many_at_once_are_judged_as_one_by_one(name: str) -> None:
    """All ports, sources and interfaces are judged in one pass, and split where the rules distinguish them."""
    case = RECORDED[name]
    host = firewall(next(iter(case["shown"].values())))
    ports = [*range(49152, 49160), *range(49176, 49184), 49215, 22, 16514, 1]
    for own in (OwnAddresses.parse(Record(case["addresses"])), None):
        for sources in (*([one] for one in case["observed"]), list(case["observed"]), ["192.0.2.99", "10.1.2.3"]):
            one_by_one: list[tuple[int, Judgement]] = []
            for port in ports:
                with contextlib.suppress(Unreadable):
                    one_by_one += host.judge_all([port], sources, own)
            known = [port for port, _ in one_by_one]
            assert list(map(told, host.judge_all(known, sources, own))) == list(map(told, one_by_one))
            if len(known) < len(ports):
                with pytest.raises(Unreadable):
                    host.judge_all(ports, sources, own)


def test_a_set_that_holds_itself_ends() -> None:
    """T4: the names in it were looked up without end."""
    itself = '{"set": {"family": "inet", "table": "t", "name": "s", "elem": ["@s", "@s", "eth0"]}}'
    asked = '{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "@s"}}, {"drop": null}'
    began = time.process_time()
    host = rules(asked, itself)
    assert host.names >= {"eth0"}
    for concat in ('{"meta": {"key": "iifname"}}', '{"concat": [{"meta": {"key": "iifname"}}]}'):
        with contextlib.suppress(Unreadable):
            rules(asked.replace('{"meta": {"key": "iifname"}}', concat), itself).judge(49152, ["192.0.2.12"])
    assert time.process_time() - began < 1


def test_sets_of_each_other_and_chains_in_a_circle_end() -> None:
    """T4: forty sets that each name the next one twice are a billion billion elements."""
    of = '"family": "inet", "table": "t"'
    sets = [f'{{"set": {{{of}, "name": "s{n}", "elem": ["@s{(n + 1) % 40}", "@s{(n + 1) % 40}"]}}}}' for n in range(40)]
    chains = [f'{{"chain": {{{of}, "name": "c{n}"}}}}' for n in range(40)]
    jumps = [
        f'{{"rule": {{{of}, "chain": "c{n}", "expr": [{{"jump": {{"target": "c{(n + 1) % 40}"}}}}]}}}}'
        for n in range(40)
        for _ in range(2)
    ]
    concat = '{"concat": [{"payload": {"protocol": "ip", "field": "saddr"}}]}'
    began = time.process_time()
    for left in ('{"payload": {"protocol": "ip", "field": "saddr"}}', concat):
        with contextlib.suppress(Unreadable):
            rules(f'{{"match": {{"op": "==", "left": {left}, "right": "@s0"}}}}, {{"drop": null}}', *sets).judge(
                49152, ["192.0.2.12"]
            )
    with pytest.raises(Unreadable, match="endlessly"):
        rules('{"jump": {"target": "c0"}}', *chains, *jumps).judge(49152, ["192.0.2.12"])
    assert time.process_time() - began < 2


def test_rules_that_would_take_too_long_are_not_judged() -> None:
    text = "\n".join(match("ip saddr", f"10.0.{n >> 8}.{n & 255}") + ', {"accept": null}' for n in range(4000))
    ports = "\n".join(match("tcp dport", 49152 + n) + ', {"drop": null}' for n in range(64))
    began = time.process_time()
    with pytest.raises(Unreadable, match="take more than"):
        rules(f"{text}\n{ports}").judge_all(range(49152, 49216), [f"10.1.{n}.1" for n in range(250)])
    assert time.process_time() - began < 20
