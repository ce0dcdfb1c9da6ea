"""Translation of iptables rules to nft's JSON, so that both are evaluated by the same code.

An option that is not understood becomes an undecidable match, which matters only if that rule would decide.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from preflight.facts.fact import Unreadable
from preflight.facts.firewall.banned import fill, on_list
from preflight.facts.firewall.ip_sets import IpSet, of_match, parse_sets
from preflight.facts.firewall.packet import DAYS
from preflight.facts.firewall.rate import BURST, Rate, bits_of, of_bucket
from preflight.facts.firewall.rules import Chain, Json, Rule, Table, known_policy

#: Hook priorities of tables, from include/uapi/linux/netfilter_ipv4.h. Those of nat depend on the hook.
_PRIORITY = {"raw": -300, "mangle": -150, "filter": 0, "security": 50}
_NAT_PRIORITY = {"prerouting": -100, "input": 100, "output": -100, "postrouting": 100}
_HOOKS = {name: name.lower() for name in ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")}
_FLAGS = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"}

#: An option of a rule, as ("--dport", ["22"]), and whether it is negated by a preceding `!`.
Option: TypeAlias = tuple[str, list[str], bool]


class Saved(NamedTuple):
    """Table as written by iptables-save."""

    table: Table
    #: True if it belongs to iptables-nft, and is therefore among nft's tables too.
    in_nft: bool


def parse_iptables(text: str) -> tuple[Saved, ...]:
    """Parse the output of iptables-save for each family, after a line `family 4` or `family 6`.

    `family 4 nft` introduces the tables of iptables-nft. Raises `Unreadable` on other text.
    """
    saved: list[Saved] = []
    sets = parse_sets(text)
    family, in_nft, open_table = "", False, None
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if open_table is None:
            heading = re.fullmatch(r"family ([46])( nft)?", line)
            if heading:
                family, in_nft = ("ip" if heading[1] == "4" else "ip6"), bool(heading[2])
            elif family and line.startswith("*"):
                open_table = Table(family, line[1:])
            else:
                raise Unreadable(f"unexpected line from iptables-save: {line[:80]}")
        elif line == "COMMIT":
            saved.append(Saved(open_table, in_nft))
            open_table = None
        elif line.startswith(":"):
            _declare(open_table, line)
        else:
            _add(open_table, line, sets)
    if open_table is not None:
        raise Unreadable("the iptables rules are truncated")
    fill((one.table for one in saved), text)
    return tuple(saved)


def without_doubles(tables: Sequence[Table], saved: Sequence[Saved]) -> tuple[Table, ...]:
    """Return all tables, those of iptables-nft as written by iptables-save: nft prints only the names of extensions.

    iptables-save leaves out base chains that are not its own ("contains incompatible base-chains"): a table of nft's
    that is called `filter` or `raw`, say, has these from nft. Of one with the name of its own chain, as INPUT, but with
    another hook or priority, it prints the name without the rules.
    """
    told = {(one.table.family, one.table.name): one.table for one in saved if one.in_nft}
    listed = {(table.family, table.name): table for table in tables}
    return (
        *(one.table for one in saved if not one.in_nft),
        *(_completed(table, listed[key]) if key in listed else table for key, table in told.items()),
        *(table for key, table in listed.items() if key not in told),
    )


def _completed(saved: Table, listed: Table) -> Table:
    """Return a table with what iptables-save left out of it."""
    chains = {name: one for name, one in saved.chains.items() if not _hides(one, listed.chains.get(name))}
    return replace(
        saved,
        doubtful=listed.doubtful,
        chains=listed.chains | chains,
        sets=listed.sets | saved.sets,
        objects=listed.objects | saved.objects,
    )


def _hides(chain: Chain, listed: Chain | None) -> bool:
    """Report whether nft lists another chain under the name of one of iptables."""
    return listed is not None and (chain.hook, chain.priority) != (listed.hook, listed.priority)


def _declare(table: Table, line: str) -> None:
    name, policy = line[1:].split()[:2]
    hook = _HOOKS.get(name) if policy != "-" else None
    is_nat = table.name == "nat"
    priority = _NAT_PRIORITY.get(hook or "", 0) if is_nat else _PRIORITY.get(table.name, 0)
    kept = known_policy(policy.lower()) if hook else "accept"
    table.chains[name] = Chain(name, hook, "nat" if is_nat else "filter", priority, kept, ())


def _add(table: Table, line: str, sets: Mapping[str, IpSet]) -> None:
    rule = re.sub(r"^\[[0-9:]*\] ", "", line)
    # shlex is slow: it processes one character at a time
    words = shlex.split(rule) if any(mark in rule for mark in "\"'\\#") else rule.split()
    if len(words) < 2 or words[0] != "-A":
        raise Unreadable(f"unexpected rule from iptables-save: {line[:80]}")
    statements: list[Json] = []
    comment = None
    options = list(_options(words[2:]))
    extension = ""
    for position, (name, values, negated) in enumerate(options):
        if name == "--comment":
            comment = values[0]
        elif name in ("-j", "-g"):
            statements += _target(name, values[0], options[position + 1 :], table)
            break
        elif name == "-m":
            extension = values[0]
            if extension in _EXTENSIONS:
                statements.append(_extended(extension, options[position + 1 :], table, sets))
        elif extension not in _EXTENSIONS:
            statements.append(_match(name, values, negated=negated))
    table.chains[words[1]].rules.append(Rule(tuple(statements), comment))


def _options(words: list[str]) -> Iterator[Option]:
    """Yield each option with its values; iptables-save writes `!` before the option."""
    negated = False
    name, values = "", list[str]()
    for word in [*words, "-"]:
        if word == "!" or word.startswith("-"):
            if name:
                yield name, values, negated
                name, values, negated = "", [], False
            if word == "!":
                negated = True
            else:
                name = word
        else:
            values.append(word)


def _match(name: str, values: list[str], *, negated: bool) -> Json:
    translate = _MATCHES.get(name)
    try:
        known = None if translate is None else translate(values)
    except (ValueError, IndexError):
        known = None
    if known is None:
        text = " ".join([*(["!"] if negated else []), name, *values])
        return {"xt": {"type": "match", "name": name, "text": text}}
    left, right = known
    return {"match": {"op": "!=" if negated else "==", "left": left, "right": right}}


def _extended(extension: str, rest: Sequence[Option], table: Table, sets: Mapping[str, IpSet]) -> Json:
    """Return the statement of an extension that is more than one match, from the options up to the next extension."""
    own: dict[str, tuple[str, bool]] = {}
    for name, values, negated in rest:
        if name in ("-m", "-j", "-g"):
            break
        own[name] = (" ".join(values), negated)
    try:
        translate = _EXTENSIONS[extension]
        statement = of_match(own, table, sets) if translate is None else translate(own, table)
    except (KeyError, ValueError, IndexError, ZeroDivisionError):
        statement = None
    if statement is None:
        text = " ".join(word for name, (value, negated) in own.items() for word in ("!" * negated, name, value) if word)
        return {"xt": {"type": "match", "name": extension, "text": f"{extension} {text}"}}
    return statement


_Own: TypeAlias = dict[str, tuple[str, bool]]


def _amount(written: str) -> tuple[int, str]:
    amount, _, unit = written.partition("/")
    return int(amount), unit


def _limit(own: _Own, _: Table) -> Json:
    amount, unit = _amount(own["--limit"][0])
    burst = int(own.get("--limit-burst", (str(BURST), False))[0])
    return {"rate": of_bucket(amount, unit, burst, over=False, per_source=False)}


def _hashlimit(own: _Own, _: Table) -> Json | None:
    over = "--hashlimit-above" in own
    amount, unit = _amount(own["--hashlimit-above" if over else "--hashlimit-upto"][0])  # bytes have a unit before "/"
    if "--hashlimit-rate-match" in own:
        return None  # it compares the rate of the last interval, and knows no burst
    burst = int(own.get("--hashlimit-burst", (str(BURST), False))[0])
    per_source = "srcip" in own.get("--hashlimit-mode", ("", False))[0]
    rate = of_bucket(amount, unit, burst, over=over, per_source=per_source)
    prefix = int(own["--hashlimit-srcmask"][0]) if "--hashlimit-srcmask" in own else None
    return {"rate": replace(rate, table=own["--hashlimit-name"][0], prefix=prefix)}


def _connlimit(own: _Own, _: Table) -> Json:
    name = "--connlimit-above" if "--connlimit-above" in own else "--connlimit-upto"
    (written, negated), per_source = own[name], "--connlimit-daddr" not in own
    over = (name == "--connlimit-above") != negated
    most, prefix = int(written), int(own["--connlimit-mask"][0]) if "--connlimit-mask" in own else None
    text = f"{most} open"
    return {"rate": Rate(most=most, interval=None, over=over, per_source=per_source, text=text, prefix=prefix)}


def _recent(own: _Own, table: Table) -> Json | None:
    """Return a rate for `--update` and `--rcheck` with a number in some seconds, and a mark for `--set`.

    Without a number, they match every address on the list.
    """
    looks = own.keys() & {"--update", "--rcheck"}
    negated = {name for name, (_, is_negated) in own.items() if is_negated}
    if "--rdest" in own or not negated <= looks:
        return None
    name = own.get("--name", ("DEFAULT", False))[0]
    if "--set" in own:
        return {"listed": name}
    bits = bits_of(own["--mask"][0]) if "--mask" in own else None
    if looks and "--hitcount" not in own:
        lasts = own.keys().isdisjoint(("--seconds", "--rttl"))
        return on_list(table, name, negated=bool(negated), lasts=lasts, bits=bits)
    if not looks or "--seconds" not in own:
        return None
    seconds, most = int(own["--seconds"][0]), int(own["--hitcount"][0])
    rate = Rate(
        most=most,
        interval=seconds / most,
        over=not negated,
        per_source=True,
        text=f"hitcount {most} in {seconds} s",
        name=name,
        seconds=float(seconds),
        prefix=bits,
    )
    return {"rate": rate}


_TIME_OPTIONS = frozenset(("--timestart", "--timestop", "--datestart", "--datestop", "--weekdays", "--utc"))


def _time(own: _Own, _: Table) -> Json | None:
    """Return a match of the times, which are by UTC; a span that passes midnight is left to the match."""
    if not own.keys() <= _TIME_OPTIONS:
        return None  # days of the month, the kernel's time zone
    keys: list[Json] = []
    values: list[Json] = []
    for key, first, last in (("utc-time", "--datestart", "--datestop"), ("utc-hour", "--timestart", "--timestop")):
        if first in own or last in own:
            keys.append({"meta": {"key": key}})
            values.append({"range": [own.get(name, (_ALWAYS[name], False))[0] for name in (first, last)]})
    if "--weekdays" in own:
        words, negated = own["--weekdays"]
        days = {_WEEKDAYS[word] for word in words.split(",")}
        keys.append({"meta": {"key": "day"}})
        values.append({"set": sorted(set(_WEEKDAYS.values()) - days if negated else days)})
    text = " ".join(word for name, (value, no) in own.items() for word in ("!" * no, name, value) if word)
    return {"match": {"op": "==", "left": {"concat": keys}, "right": {"concat": values}, "text": f"time {text}"}}


_WEEKDAYS = {name[:3]: name for name in DAYS}
#: The values that the match has for options that are not given.
_ALWAYS = {
    "--datestart": "1970-01-01T00:00:00",
    "--datestop": "2038-01-19T03:14:07",
    "--timestart": "00:00:00",
    "--timestop": "23:59:59",
}

#: None for the one that needs the sets of ipset.
_EXTENSIONS: dict[str, Callable[[_Own, Table], Json | None] | None] = {
    "limit": _limit, "hashlimit": _hashlimit, "connlimit": _connlimit, "recent": _recent, "time": _time,
    "set": None,
}  # fmt: skip


def _payload(protocol: str, field: str) -> Json:
    return {"payload": {"protocol": protocol, "field": field}}


def _address(field: str) -> Callable[[list[str]], tuple[Json, Json]]:
    def translate(values: list[str]) -> tuple[Json, Json]:
        network = ip_network(values[0])
        prefix = {"prefix": {"addr": str(network.network_address), "len": network.prefixlen}}
        return _payload("ip" if network.version == 4 else "ip6", field), prefix

    return translate


def _interface(key: str) -> Callable[[list[str]], tuple[Json, Json]]:
    return lambda values: ({"meta": {"key": key}}, re.sub(r"\+$", "*", values[0]))


def _protocol(values: list[str]) -> tuple[Json, Json]:
    return {"meta": {"key": "l4proto"}}, int(values[0]) if values[0].isdecimal() else values[0]


def _ports(field: str) -> Callable[[list[str]], tuple[Json, Json]]:
    def translate(values: list[str]) -> tuple[Json, Json]:
        return _payload("th", field), {"set": [_port_range(one) for one in values[0].split(",")]}

    return translate


def _port_range(written: str) -> Json:
    low, colon, high = written.partition(":")
    return {"range": [int(low or 0), int(high or 65535)]} if colon else int(low)


def _states(values: list[str]) -> tuple[Json, Json] | None:
    words = values[0].lower().split(",")
    if not set(words) <= {"invalid", "established", "related", "new", "untracked"}:
        return None  # SNAT and DNAT are states for iptables, not for the kernel
    return {"ct": {"key": "state"}}, {"set": words}


def _tcp_flags(values: list[str]) -> tuple[Json, Json] | None:
    mask, wanted = ([flag for flag in value.split(",") if flag != "NONE"] for value in values)
    if not {*mask, *wanted} <= _FLAGS:
        return None
    left = {"&": [_payload("tcp", "flags"), _flags(mask)]}
    return left, _flags(wanted)


def _flags(words: list[str]) -> Json:
    return [{"ECE": "ecn"}.get(word, word.lower()) for word in words]


def _type_of_address(field: str) -> Callable[[list[str]], tuple[Json, Json]]:
    def translate(values: list[str]) -> tuple[Json, Json]:
        return {"fib": {"result": "type", "flags": [field]}}, {"set": values[0].lower().split(",")}

    return translate


def _mark(values: list[str]) -> tuple[Json, Json]:
    value, _, mask = values[0].partition("/")
    return {"&": [{"meta": {"key": "mark"}}, int(mask or "0xffffffff", 0)]}, int(value, 0)


def _owner(values: list[str]) -> tuple[Json, Json]:
    low, _, high = values[0].partition("-")
    return {"meta": {"key": "skuid"}}, {"range": [int(low), int(high or low)]}


_MATCHES: dict[str, Callable[[list[str]], tuple[Json, Json] | None]] = {
    "-s": _address("saddr"),
    "-d": _address("daddr"),
    "-i": _interface("iifname"),
    "-o": _interface("oifname"),
    "-p": _protocol,
    "--dport": _ports("dport"),
    "--sport": _ports("sport"),
    "--dports": _ports("dport"),
    "--sports": _ports("sport"),
    "--state": _states,
    "--ctstate": _states,
    "--tcp-flags": _tcp_flags,
    "--dst-type": _type_of_address("daddr"),
    "--src-type": _type_of_address("saddr"),
    "--mark": _mark,
    "--uid-owner": _owner,
    "--pkt-type": lambda values: ({"meta": {"key": "pkttype"}}, values[0]),
}

_VERDICTS = {"ACCEPT": "accept", "DROP": "drop", "RETURN": "return"}
_NAT = {"SNAT": "snat", "MASQUERADE": "masquerade"}


def _target(option: str, name: str, rest: Sequence[Option], table: Table) -> list[Json]:
    if name in table.chains:
        return [{"goto" if option == "-g" else "jump": {"target": name}}]
    if name in _VERDICTS:
        return [{_VERDICTS[name]: None}]
    if name == "REJECT":
        how = [values[0] for given, values, _ in rest if given == "--reject-with" and values]
        return [{"reject": {"type": "", "expr": how[0]} if how else None}]
    if name in _NAT:
        return [{_NAT[name]: {}}]
    if name in _LEADS:
        return [_lead(name, {given: values for given, values, _ in rest})]
    if name == "NOTRACK" or (name == "CT" and any(given == "--notrack" for given, _, _ in rest)):
        return [{"notrack": None}]
    words = " ".join([option, name, *(word for given, values, _ in rest for word in (given, *values))])
    return [{"xt": {"type": "target", "name": name, "text": words}}]


#: Targets that change the destination, nft's word for each, and the option that says to what.
_LEADS = {"DNAT": ("dnat", "--to-destination"), "REDIRECT": ("redirect", "--to-ports")}
_LEADS_TO = r"(?:([\d.]+)|\[([\da-fA-F:.]+)\])?(?::(\d{1,5}))?"


def _lead(name: str, options: Mapping[str, list[str]]) -> Json:
    """Return the statement of a target that leads packets elsewhere."""
    kind, option = _LEADS[name]
    written = options.get(option, [""])[0]
    found = re.fullmatch(_LEADS_TO, f":{written}" if written and kind == "redirect" else written)
    if found is None:
        # an address of IPv6 without a port, or a range
        return {kind: {"port": {"range": written.split("-")}} if "-" in written else {"addr": written}}
    address = found[1] or found[2]
    return {kind: {**({"addr": address} if address else {}), **({"port": int(found[3])} if found[3] else {})}}
