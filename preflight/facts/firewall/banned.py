"""Rules of iptables about sources that are on a list of `recent`, however often: those kept out, or let in.

They are translated to a match with a set that has the addresses on the list now.
"""

import re
from collections.abc import Iterable

from preflight.facts.fact import Record
from preflight.facts.firewall.filled import filled
from preflight.facts.firewall.recent import RecentLists
from preflight.facts.firewall.rules import Json, Set, Table

#: The name of the set of a list: that of the list, the bits of its networks, and a word if only late entries count.
_SET = r"recent ([^/\s]{1,200})(?:/(\d{1,3}))?( lately)?"
#: The bits of an address, by table.
_ALL = {"ip": 32, "ip6": 128}


def on_list(table: Table, name: str, *, negated: bool, lasts: bool, bits: int | None) -> Json:
    """Return the match of sources on a list, in networks of so many `bits`; without `lasts`, only the latest count."""
    network = "" if bits in (None, _ALL[table.family]) else f"/{bits}"
    of_list = f"recent {name}{network}{'' if lasts else ' lately'}"
    # until the list is known
    table.sets[of_list] = Set([], dynamic=True, counts=not lasts)
    left = {"payload": {"protocol": table.family, "field": "saddr"}}
    return {"match": {"op": "!=" if negated else "==", "left": left, "right": f"@{of_list}"}}


def fill(tables: Iterable[Table], iptables: str) -> None:
    """Put the addresses of the lists, which follow the tables in the text, into the sets."""
    found = list(tables)
    if not any(table.sets for table in found):
        return
    lists = RecentLists.parse(Record(iptables), Record("", 1)).lists
    rules = (rule.statements for table in found for chain in table.chains.values() for rule in chain.rules)
    only_blocked = filled(rules, _list_added_to)
    for table in found:
        for of_list, known in table.sets.items():
            named = re.fullmatch(_SET, of_list)
            if named and (name := named[1]) in lists:
                bits = named[2]
                elements = [{"prefix": {"addr": one, "len": int(bits)}} if bits else one for one in lists[name]]
                table.sets[of_list] = Set(elements, dynamic=not only_blocked.get(name, True), counts=known.counts)


def _list_added_to(kind: str, body: Json) -> str | None:
    return str(body) if kind == "listed" else None
