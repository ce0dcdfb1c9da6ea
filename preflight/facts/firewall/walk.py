"""Path of a packet through a host's packet filter, with every branch that it may take.

If a rule's match cannot be determined, both branches are followed; the result is everything that may happen to the
packet.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace as replace_fields
from typing import TypeAlias

from msgspec.structs import replace

from preflight import grammar
from preflight.facts.fact import Unreadable
from preflight.facts.firewall.ip_sets import is_in
from preflight.facts.firewall.match import all_of, found_in, matches
from preflight.facts.firewall.packet import Packet
from preflight.facts.firewall.rate import LIMITS, Rate, is_over_quota, limits_a_rate, of_element, of_nft
from preflight.facts.firewall.rules import HOOKS, LEAVING_HOOKS, Chain, Json, Rule, Table
from preflight.facts.firewall.wording import policy_text, rule_text

#: Possible outcomes and the rules that cause them: accept, drop, reject, or one of those below.
Outcomes: TypeAlias = dict[str, str]

#: Outcome that is not evaluated here: a program or another host decides.
UNKNOWN = "unknown"
#: Outcome of packets that are sent to another port, or to another host: nothing that waits for them gets them.
LED_ASTRAY = "redirect"
_NEXT = "next rule"
_RETURN = "return"

_DEEPEST = 16  # NFT_JUMP_STACK_SIZE, include/net/netfilter/nf_tables.h
_TRACKING = -200  # NF_IP_PRI_CONNTRACK, include/uapi/linux/netfilter_ipv4.h
#: Statements that let the packet continue without a change that matters here.
_HARMLESS = frozenset(
    ("counter", "log", "comment", "last", "flow", "ct helper", "ct timeout", "ct expectation", "secmark", "dup")
)
#: Statements that keep a record of the packet, so that trying a connection would leave a trace or use up a rate.
_NOTICES = frozenset(("log", "rate", "listed", "limit", "ct count", "quota", "meter", "set", "map", "mangle", "queue"))
_XT_NOTICES = frozenset(
    ("AUDIT", "CONNMARK", "LOG", "MARK", "NFLOG", "NFQUEUE", "SET", "TRACE", "ULOG", "recent", "quota", "limit")
)
#: Statements that may refer to an object by a map; the rule does not apply to a packet that the map has no object for.
_OBJECTS = frozenset(("counter", "limit", "quota", "secmark", "synproxy", "ct expectation", "ct helper", "ct timeout"))
#: Statements that change the destination.
_LEADS = frozenset(("redirect", "dnat"))
#: Statements that change the source and let the packet continue.
_HIDES = frozenset(("snat", "masquerade"))
#: IP versions to which a rejection is limited.
_REJECTS = {"icmp": 4, "icmpv6": 6}
_FINAL = frozenset(("accept", "drop", "reject"))
_XT_HARMLESS = frozenset(
    (
        "AUDIT", "CHECKSUM", "CLASSIFY", "CONNMARK", "CONNSECMARK", "CT", "DSCP", "HL", "LOG", "MARK", "NFLOG",
        "RATEEST", "SECMARK", "SET", "TCPMSS", "TOS", "TRACE", "TTL", "ULOG",
    )
)  # fmt: skip


def notices(kind: str, body: Json) -> bool:
    """Report whether a statement keeps a record of the packet."""
    return kind in _NOTICES or (kind == "xt" and isinstance(body, dict) and body.get("name") in _XT_NOTICES)


class Rates:
    """The rates that a packet met on its path, while some of them were exhausted."""

    def __init__(self, exhausted: Collection[Rate] = ()) -> None:
        self.exhausted = frozenset(exhausted)
        #: Those that the packet met, each with the number of rules that took one connection from it.
        self.met: dict[Rate, int] = {}
        #: The lists of recent sources to which the packet was added.
        self.listed: set[str] = set()
        #: True if a rule that the packet may have met keeps a record of it: a log, a mark, a list, or a rate.
        self.noticed = False

    def matches(self, rate: Rate, counter: str) -> bool:
        """Report whether a rule with this rate applies to the packet; `counter` is what counts."""
        if rate.name in self.listed:
            rate = rate.one_less()
        rate = replace(rate, counter=counter)
        if not rate.most:  # not even the first connection is within it
            return rate.over
        self.met[rate] = 1 if rate.name or rate.interval is None else self.met.get(rate, 0) + 1
        return (rate in self.exhausted) is rate.over


def walk(packet: Packet, tables: Sequence[Table], rates: Rates) -> tuple[Outcomes, list[str]]:
    """Return everything that may happen to the packet, and the rules whose match could not be determined."""
    hooks = LEAVING_HOOKS if packet.kind.leaves else HOOKS
    passes = [(table, chain) for table in tables for chain in table.base_chains(hooks) if _sees(table, chain, packet)]
    passes.sort(key=lambda one: (hooks.index(one[1].hook or ""), one[1].priority))
    happened: Outcomes = {}
    unsure: list[str] = []
    accepted = ""
    for table, chain in passes:
        if chain.type == "nat" and packet.untracked:
            continue
        walked = _Walk(_seen_by(packet, table, chain), table, unsure, rates)
        outcomes = walked.base(chain)
        if walked.untracks:
            packet = replace_fields(packet, untracked=True, _values={})
        at_device = chain.hook in ("ingress", "egress")
        if at_device and chain.devices and not set(packet.interfaces) <= set(chain.devices):
            unsure.append(f"table {table.family} {table.name} chain {chain.name}, which sees only some interfaces")
            outcomes.setdefault("accept", "")
        if table.doubtful:
            unsure.append(f"table {table.family} {table.name}, which may be switched off")
        if table.doubtful or (at_device and not chain.devices):
            outcomes.setdefault("accept", "")
        for action, text in outcomes.items():
            if action != "accept":
                happened.setdefault(action, text)
        if "accept" not in outcomes:
            return happened, unsure
        accepted = outcomes["accept"] or accepted
    happened["accept"] = accepted
    return happened, unsure


def _sees(table: Table, chain: Chain, packet: Packet) -> bool:
    if chain.type == "nat" and not packet.kind.is_first:
        return False  # only the first packet of a connection passes these
    if chain.hook in ("ingress", "egress"):
        # nft 1.0.6 does not print the devices
        return not chain.devices or not set(chain.devices).isdisjoint(packet.interfaces)
    return table.family in ("inet", "bridge", "ip" if packet.version == 4 else "ip6")


def _seen_by(packet: Packet, table: Table, chain: Chain) -> Packet:
    """Return the packet as seen at that hook."""
    is_first = chain.hook in ("prerouting", "output")
    is_tracked = chain.hook in ("input", "postrouting") or (is_first and chain.priority > _TRACKING)
    return Packet(
        ports=packet.ports,
        sources=packet.sources,
        interfaces=() if table.family == "bridge" else packet.interfaces,
        own=packet.own,
        local=packet.local,
        clock=packet.clock,
        marked=packet.marked,
        tracked=table.family != "bridge" and is_tracked,
        untracked=packet.untracked,
        of_root=packet.of_root,
        frame=table.family in ("bridge", "netdev"),
        kind=packet.kind,
        work=packet.work,
    )


class _Walk:
    """Path through one base chain."""

    def __init__(self, packet: Packet, table: Table, unsure: list[str], rates: Rates) -> None:
        self._packet, self._table, self._unsure, self._rates = packet, table, unsure, rates
        self._walked: dict[str, Outcomes] = {}
        #: True if a rule keeps connection tracking from the packet.
        self.untracks = False
        #: The rule that is being evaluated, by its chain and its place there.
        self._at = ""

    def base(self, chain: Chain) -> Outcomes:
        outcomes = self._chain(chain, 0)
        outcomes = {action: text for action, text in outcomes.items() if action != _RETURN} | (
            {chain.policy: ""} if _RETURN in outcomes and chain.policy not in outcomes else {}
        )
        if chain.policy == "drop" and outcomes.get("drop") == "":
            outcomes["drop"] = policy_text(self._table, chain)
        if self._table.family == "bridge":  # the packet's interface may not be part of a bridge
            outcomes.setdefault("accept", "")
        return outcomes

    def _chain(self, chain: Chain, depth: int) -> Outcomes:
        """Return the possible outcomes of the chain, with _RETURN if its end may be reached."""
        if chain.name in self._walked:
            return self._walked[chain.name]
        if depth > _DEEPEST:
            raise Unreadable("the firewall chains jump to each other endlessly")
        outcomes: Outcomes = {}
        for number, rule in enumerate(chain.rules):
            self._at = f"{chain.name} {number}"
            of_rule = self._rule(chain, rule, depth)
            goes_on = of_rule.pop(_NEXT, None) is not None
            outcomes = of_rule | outcomes
            if not goes_on:
                break
        else:
            outcomes.setdefault(_RETURN, "")
        self._walked[chain.name] = outcomes
        return outcomes

    def _rule(self, chain: Chain, rule: Rule, depth: int) -> Outcomes:
        """Return the possible outcomes of the rule, with _NEXT if the rule after it may be reached."""
        certain = True
        for statement in rule.statements:
            self._packet.work.spend(1)
            (kind, body), *_ = statement.items()
            verdicts, matched = self._statement(kind, body)
            if matched is False:
                return {_NEXT: ""}
            certain = certain and matched is True
            if certain and kind == "notrack":
                self.untracks = True
                continue
            if not verdicts:
                continue
            outcomes: Outcomes = {}
            text = rule_text(self._table, chain, rule)
            untracks = self.untracks
            for verdict in verdicts:
                outcomes |= self._verdict(verdict, text, depth)
            if not (certain and len(verdicts) == 1) and self.untracks is not untracks:
                outcomes[UNKNOWN], self.untracks = text, untracks
            if not certain and outcomes.keys() != {_NEXT}:
                self._unsure.append(text)
                outcomes.setdefault(_NEXT, "")
            return outcomes
        return {_NEXT: ""}

    def _statement(self, kind: str, body: Json) -> tuple[list[tuple[str, Json]], bool | None]:
        """Return the possible verdicts of a statement, if any, and whether the packet passes it."""
        if notices(kind, body):
            self._rates.noticed = True
        if kind == "match":
            return [], matches(self._packet, self._table.sets, body)
        if kind == "ipset":
            return [], is_in(self._packet, self._table.sets, body)
        if kind == "vmap":
            return self._verdict_of(body)
        if kind in _OBJECTS and isinstance(body, dict) and "map" in body:
            return self._object_of(kind, body["map"])
        if kind == "xt":
            return _xt(body or {})
        if kind == "rate":
            named = f"list {body.name}" if body.name else f"table {body.table}" if body.table else ""
            return [], self._rates.matches(body, named or self._counter(self._at))
        if kind == "listed":
            self._rates.listed.add(body)
            return [], True
        if limits_a_rate(kind, body):
            found = [of_nft(kind, body)] if kind in LIMITS else of_element(body)
            counter = self._counter(_name_of_what_counts(kind, body) or self._at)
            return [], all_of(None if rate is None else self._rates.matches(rate, counter) for rate in found)
        if kind == "quota":
            return [], is_over_quota(body)
        if kind == "mangle":
            (form, looked), *_ = body["key"].items()
            rewrites = form == "payload" and looked.get("field") in ("dport", "daddr", "saddr")
            return ([(UNKNOWN, None)], True) if rewrites or form not in ("payload", "meta", "ct") else ([], True)
        if kind == "reject" and isinstance(body, dict) and "type" in body:
            version = _REJECTS.get(body["type"], self._packet.version)  # limited by the words "with icmp"
            return [(kind, body)], version == self._packet.version
        if kind in _HARMLESS or kind in ("set", "map"):
            return [], True
        return [(kind, body)], True

    def _counter(self, name: str) -> str:
        """Return the name of what counts in this table."""
        return f"{self._table.family} {self._table.name} {name}"

    def _verdict_of(self, body: Json) -> tuple[list[tuple[str, Json]], bool | None]:
        verdicts, found = self._looked_up(body)
        return [one for verdict in verdicts for one in verdict.items()], found

    def _object_of(self, kind: str, body: Json) -> tuple[list[tuple[str, Json]], bool | None]:
        """Evaluate a statement about the object that a map has for the packet."""
        names, found = self._looked_up(body)
        if found is None or not found:
            return [], found
        (name,) = names
        named = self._table.objects.get((kind, name), name)
        return self._statement(kind, named)

    def _looked_up(self, body: Json) -> tuple[list[Json], bool | None]:
        """Return the possible values of a map for the packet, and whether it has one."""
        data = body["data"]
        pairs = self._table.sets[data[1:]].elements if isinstance(data, str) else data["set"]
        possible = []
        for key, value in pairs:
            self._packet.work.spend(1)
            found = found_in(self._packet, self._table.sets, body["key"], key)
            if found:
                return [value], True
            if found is None:
                possible.append(value)
        return possible, None if possible else False

    def _verdict(self, verdict: tuple[str, Json], text: str, depth: int) -> Outcomes:
        kind, body = verdict
        if kind in _FINAL:
            return {kind: text}
        if kind == "continue":
            return {_NEXT: ""}
        if kind == "return":
            return {_RETURN: ""}
        if kind in _HIDES:
            return {"accept": text}
        if kind in _LEADS:
            return {self._led(kind, body or {}): text}
        if kind in ("jump", "goto"):
            outcomes = dict(self._chain(self._table.chains[body["target"]], depth + 1))
            if kind == "jump" and outcomes.pop(_RETURN, None) is not None:
                outcomes[_NEXT] = ""
            return outcomes
        return {UNKNOWN: text}

    def _led(self, kind: str, to: Mapping[str, Json]) -> str:
        """Return the outcome of a statement that changes the destination."""
        port, address = to.get("port"), to.get("addr")
        low, high = self._packet.ports
        if not isinstance(port, int | None):
            return UNKNOWN
        if port is not None and not low <= port <= high:
            return LED_ASTRAY
        if port is not None and low != high:
            return UNKNOWN
        if kind == "redirect":  # to this host itself
            return LED_ASTRAY if self._packet.kind.leaves else "accept"
        if address is None or address in self._packet.own or address in self._packet.local:
            return "accept"
        is_known = self._packet.local and isinstance(address, str) and grammar.is_address(address)
        return LED_ASTRAY if is_known else UNKNOWN


def _name_of_what_counts(kind: str, body: Json) -> str:
    """Return the name of a limit, or of the set in which each element counts; "" if the rule counts by itself."""
    if not isinstance(body, dict):
        return ""
    named = body.get("name") if kind in (*LIMITS, "meter") else body.get("set", body.get("map"))
    return f"{kind} {named}" if isinstance(named, str) else ""


def _xt(body: Json) -> tuple[list[tuple[str, Json]], bool | None]:
    """Evaluate an extension of iptables of which nft prints only the name."""
    name, kind = body.get("name"), body.get("type")
    if kind == "match":
        return [], True if name == "comment" else None
    if kind == "target" and name in _XT_HARMLESS:
        return [], True
    if kind == "target" and name == "REJECT":
        return [("reject", None)], True
    return [(UNKNOWN, None)], None
