"""Firewalls that are endless, or long: sets of themselves, chains that jump to each other, 30,000 rules."""

import functools
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, TypeAlias

from tests.hostile import pair, texts
from tests.hostile.pair import Hostile, Pair

Json: TypeAlias = dict[str, Any]


def hostile(seed: int) -> Iterator[Hostile]:
    """Rulesets of nft and of iptables on either host, and rulesets with parts of them exchanged at random."""
    for name, make in NFT.items():
        yield from pair.each_end(seed, "nft", name, functools.partial(_put, "nft", make))
    for name, make in IPTABLES.items():
        yield from pair.each_end(seed, "iptables", name, functools.partial(_put, "iptables", make))
    for number in range(60):
        yield pair.changed(seed, "nft at random", str(number), _at_random)


def chain(name: str, **hook: object) -> Json:
    """Return a chain of the table "t"; with a hook it is one that packets enter by."""
    return {"chain": {"family": "inet", "table": "t", "name": name, "handle": 1, **hook}}


def entry(policy: str = "drop") -> Json:
    """Return the chain that packets to the host enter by."""
    return chain("input", type="filter", hook="input", prio=0, policy=policy)


def rule(where: str, *statements: Json) -> Json:
    """Return a rule of a chain."""
    return {"rule": {"family": "inet", "table": "t", "chain": where, "handle": 2, "expr": list(statements)}}


def match(field: str, right: object, op: str = "==") -> Json:
    """Return the comparison of a field of the packet with a value or a set."""
    left = (
        {"meta": {"key": field}}
        if field.startswith(("iif", "oif"))
        else {"payload": dict(zip(("protocol", "field"), field.split(), strict=True))}
    )
    return {"match": {"op": op, "left": left, "right": right}}


def elements(name: str, kind: str, members: list[object]) -> Json:
    """Return a named set."""
    return {"set": {"family": "inet", "table": "t", "name": name, "type": kind, "handle": 3, "elem": members}}


def ruleset(*parts: Json) -> str:
    """Return the whole, as `nft -j list ruleset` prints it."""
    head: list[Json] = [
        {"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
        {"table": {"family": "inet", "name": "t", "handle": 1}},
    ]
    return json.dumps({"nftables": [*head, *parts]})


ACCEPT: Json = {"accept": None}


def _jumps(*pairs: tuple[str, str], verdict: str = "jump") -> list[Json]:
    return [rule(a, {verdict: {"target": b}}) for a, b in pairs]


NFT: dict[str, Callable[[], str]] = {
    "a set of itself": lambda: ruleset(
        entry(), elements("s", "ifname", ["@s"]), rule("input", match("iifname", "@s"), ACCEPT)
    ),
    "sets of each other": lambda: ruleset(
        entry(),
        elements("a", "ifname", ["@b", "@b"]),
        elements("b", "ifname", ["@a", "@a"]),
        rule("input", match("iifname", "@a"), ACCEPT),
    ),
    "sets that double": lambda: ruleset(
        entry(),
        *(elements(f"s{n}", "ifname", [f"@s{n + 1}", f"@s{n + 1}"]) for n in range(40)),
        elements("s40", "ifname", ["eth0"]),
        rule("input", match("iifname", "@s0"), ACCEPT),
    ),
    "a set that is not there": lambda: ruleset(entry(), rule("input", match("iifname", "@none"), ACCEPT)),
    "a set of its own port": lambda: ruleset(
        entry(), elements("s", "inet_service", ["@s"]), rule("input", match("tcp dport", "@s"), ACCEPT)
    ),
    "a chain that jumps to itself": lambda: ruleset(entry(), *_jumps(("input", "input"))),
    "chains that jump to each other": lambda: ruleset(
        entry(), chain("a"), chain("b"), *_jumps(("input", "a"), ("a", "b"), ("b", "a"))
    ),
    "chains that go to each other": lambda: ruleset(
        entry(), chain("a"), chain("b"), *_jumps(("input", "a"), ("a", "b"), ("b", "a"), verdict="goto")
    ),
    "jumps that double": lambda: ruleset(
        entry(),
        *(chain(f"c{n}") for n in range(41)),
        *_jumps(("input", "c0"), *((f"c{n}", f"c{n + 1}") for n in range(40) for _ in "ab")),
    ),
    "jumps 5,000 deep": lambda: ruleset(
        entry(),
        *(chain(f"c{n}") for n in range(5001)),
        *_jumps(("input", "c0"), *((f"c{n}", f"c{n + 1}") for n in range(5000))),
    ),
    "30,000 rules": lambda: ruleset(
        entry(), *(rule("input", match("tcp dport", 1 + n), ACCEPT) for n in range(30_000))
    ),
    "30,000 addresses in rules": lambda: ruleset(
        entry(), *(rule("input", match("ip saddr", f"10.0.{n // 256}.{n % 256}"), ACCEPT) for n in range(30_000))
    ),
    "8 sets of 24,000": lambda: ruleset(
        entry(),
        *(elements(f"s{s}", "inet_service", [{"range": [n, n + 1]} for n in range(24_000)]) for s in range(8)),
        *(rule("input", match("tcp dport", f"@s{s}"), ACCEPT) for s in range(8)),
    ),
    "8 sets of 24,000 addresses": lambda: ruleset(
        entry(),
        *(elements(f"s{s}", "ipv4_addr", [f"10.{s}.{n // 256}.{n % 256}" for n in range(24_000)]) for s in range(8)),
        *(rule("input", match("ip saddr", f"@s{s}"), ACCEPT) for s in range(8)),
    ),
    "24,000 names of interfaces": lambda: ruleset(
        entry(),
        elements("s", "ifname", [f"if{n}" for n in range(24_000)]),
        rule("input", match("iifname", "@s"), ACCEPT),
    ),
    "a verdict map of 24,000": lambda: ruleset(
        entry(),
        chain("a"),
        rule(
            "input",
            {
                "vmap": {
                    "key": {"payload": {"protocol": "tcp", "field": "dport"}},
                    "data": {"set": [[n, {"jump": {"target": "a"}}] for n in range(24_000)]},
                }
            },
        ),
    ),
    "a verdict map to its own chain": lambda: ruleset(
        entry(),
        rule(
            "input",
            {
                "vmap": {
                    "key": {"payload": {"protocol": "tcp", "field": "dport"}},
                    "data": {"set": [[49152, {"goto": {"target": "input"}}]]},
                }
            },
        ),
    ),
    "20,000 entry chains": lambda: ruleset(
        *(chain(f"i{n}", type="filter", hook="input", prio=n, policy="accept") for n in range(20_000))
    ),
    "20,000 tables": lambda: json.dumps(
        {"nftables": [{"table": {"family": "inet", "name": f"t{n}", "handle": n}} for n in range(20_000)]}
    ),
    "an expression 900 deep": lambda: ruleset(entry(), rule("input", match("tcp dport", "HERE"), ACCEPT)).replace(
        '"HERE"', '{"set": [' * 450 + "49152" + "]}" * 450
    ),
    "an expression 50,000 deep": lambda: '{"nftables": ' + '[{"set": ' * 50_000,
    "ranges backwards": lambda: ruleset(entry(), rule("input", match("tcp dport", {"range": [65535, -1]}), ACCEPT)),
    "a prefix of 10^9": lambda: ruleset(
        entry(), rule("input", match("ip saddr", {"prefix": {"addr": "10.0.0.0", "len": 10**9}}), ACCEPT)
    ),
    "a port of 400 digits": lambda: ruleset(entry(), rule("input", match("tcp dport", int("9" * 400)), ACCEPT)),
    "names that steer a terminal": lambda: ruleset(
        chain("\x1b[31m\nREADY  forged-by-a-host", type="filter", hook="input", prio=0, policy="drop")
    ),
    "a priority that is no number": lambda: ruleset(
        chain("input", type="filter", hook="input", prio="\x1b[2J", policy="drop")
    ),
    "no list": lambda: '{"nftables": {"x": 1}}',
    "null": lambda: '{"nftables": [null, 1, "x", [], {}, {"rule": null}, {"chain": []}, {"set": {"elem": {}}}]}',
}


def _tables(*lines: str, heads: str = ":INPUT DROP [0:0]\n") -> str:
    return "family 4\n*filter\n" + heads + "\n".join(lines) + "\nCOMMIT\n"


IPTABLES: dict[str, Callable[[], str]] = {
    "30,000 rules": lambda: _tables(*(f"-A INPUT -p tcp -m tcp --dport {1 + n} -j ACCEPT" for n in range(30_000))),
    "30,000 addresses": lambda: _tables(
        *(f"-A INPUT -s 10.0.{n // 256}.{n % 256}/32 -j ACCEPT" for n in range(30_000))
    ),
    "chains that jump to each other": lambda: _tables(
        "-A INPUT -j A", "-A A -j B", "-A B -j A", heads=":INPUT DROP [0:0]\n:A - [0:0]\n:B - [0:0]\n"
    ),
    "jumps that double": lambda: _tables(
        "-A INPUT -j C0",
        *(f"-A C{n} -j C{n + 1}" for n in range(40) for _ in "ab"),
        heads=":INPUT DROP [0:0]\n" + "".join(f":C{n} - [0:0]\n" for n in range(41)),
    ),
    "30,000 chains": lambda: _tables(
        "-A INPUT -j C0", heads=":INPUT DROP [0:0]\n" + "".join(f":C{n} - [0:0]\n" for n in range(30_000))
    ),
    "ports of 100,000": lambda: _tables(
        "-A INPUT -p tcp -m multiport --dports " + ",".join(map(str, range(100_000))) + " -j ACCEPT"
    ),
    "a line of a mebibyte": lambda: _tables("-A INPUT " + "-m comment " * 100_000 + "-j ACCEPT"),
    "quotes": lambda: _tables('-A INPUT -m comment --comment "' + '\\"' * 300_000 + " -j ACCEPT"),
    "no family": lambda: "*filter\n" * 100_000,
    "50,000 tables": lambda: "family 4\n" + "*filter\n:INPUT DROP [0:0]\nCOMMIT\n" * 50_000,
    "a target that steers": lambda: _tables("-A INPUT -j \x1b[31m", "-A INPUT -p \u202e -j ACCEPT"),
}


def _put(record: str, make: Callable[[], str], chance: Random, found: Pair, end: int) -> None:
    found.put(end, record, make())


def _at_random(chance: Random, found: Pair) -> None:
    """A ruleset of all that is known, some of it in another's place."""
    parts: list[Json] = [entry(chance.choice(("drop", "accept", "\x1b[31m"))), chain("a"), chain("b")]
    rights: list[object] = [
        "@a",
        "@s",
        49152,
        {"range": [1, 65535]},
        {"set": ["@s", 1]},
        *texts.WORDS[:6],
        *texts.NUMBERS[:8],
        None,
        [],
        {},
    ]
    parts.append(elements("s", "inet_service", [chance.choice(rights) for _ in range(5)]))
    for _ in range(chance.randrange(1, 12)):
        statements: list[Json] = [
            match(
                chance.choice(("tcp dport", "ip saddr", "iifname", "ip6 daddr")),
                chance.choice(rights),
                chance.choice(("==", "!=", "in", "<")),
            )
        ]
        verdicts: list[Json] = [
            ACCEPT,
            {"drop": None},
            {"jump": {"target": chance.choice("abc")}},
            {"goto": {"target": "a"}},
            {"return": None},
            {"reject": chance.choice(rights)},
        ]
        parts.append(rule(chance.choice(("input", "a", "b", "none")), *statements, chance.choice(verdicts)))
    chance.shuffle(parts)
    found.put(chance.choice(pair.ENDS), "nft", ruleset(*parts))
