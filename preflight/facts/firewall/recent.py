"""The sources that iptables' `recent` has listed, and when it saw packets from them."""

import re
from collections.abc import Mapping
from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable

_LIST = re.compile(r"# recent (\S{1,200})")
#: A line of /proc/net/xt_recent (recent_seq_show, net/netfilter/xt_recent.c).
_ENTRY = re.compile(r"# src=(\S{1,64}) ttl: \d{1,3} last_seen: (\d{1,20}) oldest_pkt: \d{1,4} ?([\d, ]{0,6000})")
_NOW = re.compile(r"# jiffies: (\d{1,20})")


class RecentLists(Fact, frozen=True, kw_only=True):
    """All lists, by name; for each source the jiffies at which packets were seen."""

    lists: Mapping[str, Mapping[str, tuple[int, ...]]]
    #: The jiffies at which this was read; None if they are unknown.
    now: int | None

    @classmethod
    def parse(cls, iptables: Record) -> Self:
        """Parse the remarks behind the output of iptables-save."""
        lines = iptables.required().splitlines()
        lists: dict[str, dict[str, tuple[int, ...]]] = {}
        current: dict[str, tuple[int, ...]] | None = None
        now = None
        for line in lines:
            if found := _LIST.fullmatch(line):
                current = lists.setdefault(found[1], {})
            elif (found := _ENTRY.fullmatch(line)) and current is not None:
                try:
                    seen = tuple(sorted({int(found[2]), *(int(word) for word in found[3].split(",") if word.strip())}))
                except ValueError:
                    raise Unreadable("the list of recent sources has an unexpected form") from None
                current[found[1]] = seen
            elif found := _NOW.fullmatch(line):
                now = int(found[1])
        return cls(lists=lists, now=now)
