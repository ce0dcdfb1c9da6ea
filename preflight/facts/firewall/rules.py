"""A host's packet filter as values: tables, chains and rules, in the terms of nft's JSON (libnftables-json(5)).

Rules stay as nft wrote them; iptables rules are translated to the same form. Nothing is evaluated here.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from preflight.facts.fact import Unreadable
from preflight.facts.firewall.filled import filled
from preflight.facts.firewall.rate import COUNTING
from preflight.facts.version import Version

#: A statement or expression of a rule, as in nft's JSON.
Json: TypeAlias = Any
#: Hooks in the order in which a packet for this host passes them, and one that it sends.
HOOKS = ("ingress", "prerouting", "input")
LEAVING_HOOKS = ("output", "postrouting", "egress")

#: Older releases of nft do not print the rate in a statement that adds to a set (0.9.8 does not, 1.0.6 does).
PRINTS_RATES_OF_SETS = Version(1, 0, 6)

#: Reason why rules are not evaluated.
NOT_NFT = "the firewall rules are not in the JSON format of nft"


class Rule(Struct, frozen=True):
    """Rule: its statements from left to right."""

    statements: tuple[Json, ...]
    comment: str | None = None


class Chain(Struct, frozen=True):
    """Chain; `hook` is None for a chain that is only reached by jumps."""

    name: str
    hook: str | None
    #: filter, nat or route; None without a hook.
    type: str | None
    #: Lower values come first.
    priority: int
    #: accept or drop.
    policy: str
    #: The interfaces of an ingress chain; none for other chains.
    devices: tuple[str, ...]
    rules: list[Rule] = field(default_factory=list)


class Set(Struct, frozen=True, dict=True):
    """Named set, or map, whose elements are pairs of key and verdict, or of key and object."""

    elements: list[Json]
    #: True if rules add elements to it while packets pass, other than those of packets that the rule blocks.
    dynamic: bool
    #: True if an element counts packets, so that a packet may be outside the set although its key is in there.
    counts: bool = False

    @cached_property
    def lookups(self) -> dict[tuple[str, str], Any]:
        """Cache of the elements as a `Lookup`, by the property looked up, as ("tcp", "dport"); no part of the value."""
        return {}


class Table(Struct, frozen=True):
    """Table with everything that its rules refer to."""

    family: str
    name: str
    #: True if the table may be dormant as a whole: nft 1.0.6 garbles that flag.
    doubtful: bool = False
    chains: dict[str, Chain] = field(default_factory=dict)
    sets: dict[str, Set] = field(default_factory=dict)
    #: Named limits, quotas and counters, which rules refer to, by kind and name.
    objects: dict[tuple[str, str], Mapping[str, Json]] = field(default_factory=dict)

    def base_chains(self, hooks: Sequence[str]) -> Iterator[Chain]:
        """Return the chains that packets enter through one of the hooks."""
        return (chain for chain in self.chains.values() if chain.hook in hooks)


def parse_nft(text: str) -> tuple[Table, ...]:
    """Parse `nft -j list ruleset`; raises `Unreadable` on text in another format.

    The chains with their devices may follow, in nft's own language, and the host's clock.
    """
    try:
        whole, end = json.JSONDecoder().raw_decode(text.lstrip())
        devices = _devices(text.lstrip()[end:])
        return _tables([(kind, body) for one in whole["nftables"] for kind, body in one.items()], devices)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise Unreadable(NOT_NFT) from None


def clock_of(text: str) -> tuple[int, int] | None:
    """Return the host's time in seconds, and those of its time zone east of UTC; None if it was not asked for it."""
    found = re.search(_CLOCK, text)
    if found is None:
        return None
    east = int(found[3]) * 3600 + int(found[4]) * 60
    return int(found[1]), -east if found[2] == "-" else east


_CLOCK = r"\nclock (\d{1,11}) ([+-])(\d\d)(\d\d)\n?\Z"
#: Lines of `nft list chains`.
_TABLE = r"table ([a-z0-9]{1,16}) (\S{1,256}) \{"
_OF_CHAIN = r"\s{1,8}chain (\S{1,256}) \{"
_AT_DEVICES = r"\s{1,8}type [a-z]{1,16} hook [a-z]{1,16} devices? (\"?[\w.@*:-]{1,64}\"?|= \{[^{}]{0,4000}\}) .{0,4000}"


def _devices(text: str) -> Mapping[tuple[str, str, str], tuple[str, ...]]:
    """Return the devices of chains, by family, table and chain, from the output of `nft list chains`."""
    found: dict[tuple[str, str, str], tuple[str, ...]] = {}
    table, chain = ("", ""), ""
    for line in text.splitlines():
        # an expression for each of millions of lines would take ten seconds
        if line.startswith("table "):
            if listed := re.fullmatch(_TABLE, line):
                table = listed[1], listed[2]
        elif " hook " not in line:
            if "chain " in line and (listed := re.fullmatch(_OF_CHAIN, line)):
                chain = listed[1]
        elif listed := re.fullmatch(_AT_DEVICES, line):
            found[*table, chain] = tuple(re.findall(r"[^\s\"={},]{1,64}", listed[1]))
    return found


def _tables(
    objects: Sequence[tuple[str, Mapping[str, Json]]], devices: Mapping[tuple[str, str, str], tuple[str, ...]]
) -> tuple[Table, ...]:
    tables: dict[tuple[str, str], Table] = {}
    for kind, body in objects:
        if kind == "table":
            flags = body.get("flags", [])
            flags = [flags] if isinstance(flags, str) else flags
            if "dormant" not in flags:
                doubtful = not set(flags) <= {"owner", "persist"}
                tables[body["family"], body["name"]] = Table(str(body["family"]), str(body["name"]), doubtful)
    for kind, body in objects:
        table = tables.get((body["family"], body["table"])) if "table" in body else None
        if table is None:
            continue
        if kind == "chain":
            table.chains[body["name"]] = _chain(body, devices.get((table.family, table.name, body["name"]), ()))
        elif kind in ("set", "map"):
            table.sets[body["name"]] = _set(body)
        elif kind in ("limit", "quota"):
            table.objects[kind, body["name"]] = body
        elif kind == "element":
            table.sets[body["name"]].elements.extend(body["elem"])
    hides_rates = _version(objects) < PRINTS_RATES_OF_SETS
    for kind, body in objects:
        if kind == "rule" and (body["family"], body["table"]) in tables:
            table = tables[body["family"], body["table"]]
            statements = map(_perhaps_a_rate, body["expr"]) if hides_rates else body["expr"]
            rule = Rule(tuple(_with_object(one, table) for one in statements), body.get("comment"))
            table.chains[body["chain"]].rules.append(rule)
    for table in tables.values():
        rules = (rule.statements for chain in table.chains.values() for rule in chain.rules)
        for name, blocks in filled(rules, _set_added_to).items():
            if name in table.sets:
                table.sets[name] = replace(table.sets[name], dynamic=not blocks)
    return tuple(tables.values())


def _with_object(statement: Json, table: Table) -> Json:
    """Return a statement that refers to a named limit or quota as one that holds it, with its name."""
    if isinstance(statement, dict):
        for kind, body in statement.items():
            if isinstance(body, str) and (kind, body) in table.objects:
                return {kind: table.objects[kind, body]}
    return statement


def _set_added_to(kind: str, body: Json) -> str | None:
    """Return the set to which a statement adds elements, if any; nft 1.0.6 does not print the flag of a dynamic set."""
    adds = kind in ("set", "map") and body.get("op") in ("add", "update")
    return str(body.get(kind)).removeprefix("@") if adds else None


def _version(objects: Sequence[tuple[str, Mapping[str, Json]]]) -> Version:
    """Return the version of the nft that printed the objects; the oldest if it does not say."""
    said = next((str(body.get("version", "")) for kind, body in objects if kind == "metainfo"), "")
    numbers = [int(part) for part in said.split(".")[:3] if part.isdecimal() and len(part) < 5]
    return Version(*numbers) if numbers else Version(0)


def _perhaps_a_rate(statement: Json) -> Json:
    """Return the statement; one that adds to a set as one with a statement of which nothing is known."""
    body = statement.get("set") if isinstance(statement, dict) else None
    if not isinstance(body, dict) or "op" not in body or "stmt" in body:
        return statement
    return {"set": {**body, "stmt": [{"not printed": None}]}}


def _chain(body: Mapping[str, Json], listed: Sequence[str]) -> Chain:
    devices = body.get("dev", listed)
    return Chain(
        name=str(body["name"]),
        hook=body.get("hook"),
        type=body.get("type"),
        priority=int(body.get("prio", 0)),
        policy=known_policy(body.get("policy", "accept")),
        devices=(devices,) if isinstance(devices, str) else tuple(devices),
    )


def known_policy(written: Json) -> str:
    """Return the policy if it is valid; raises ValueError."""
    if written not in ("accept", "drop"):
        raise ValueError(written)
    return str(written)


def _set(body: Mapping[str, Json]) -> Set:
    elements = list(body.get("elem", []))
    counts = any(_counts(one) for one in elements) or any(not COUNTING.isdisjoint(one) for one in body.get("stmt", []))
    return Set(elements, "dynamic" in body.get("flags", []), counts)


def _counts(element: Json) -> bool:
    """Report whether an element of a set applies to a packet depending on others."""
    return isinstance(element, dict) and "elem" in element and not COUNTING.isdisjoint(element["elem"])
