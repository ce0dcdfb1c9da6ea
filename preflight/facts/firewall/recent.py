"""The sources that iptables' `recent` has listed, and when it saw packets from them."""

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.firewall.rate import Rate
from preflight.facts.network.addresses import plain

_LIST = r"# recent (\S{1,200})"
#: A line of /proc/net/xt_recent (recent_seq_show, net/netfilter/xt_recent.c).
_ENTRY = r"# src=(\S{1,64}) ttl: \d{1,3} last_seen: (\d{1,20}) oldest_pkt: \d{1,4} ?([\d, ]{0,6000})"
_NOW = r"# jiffies:? (\d{1,20})"
#: The host's clock in the answer to `daemons`: its time, and its seconds since boot.
_CLOCK = r"clock \d{1,12}(?:\.\d{1,9})? (\d{1,12})(?:\.\d{1,9})? \d{1,6}"
#: Jiffies a second (CONFIG_HZ), and the first of them: five minutes before 32 bits are exceeded (INITIAL_JIFFIES).
_RATES = (100, 250, 300, 1000)
_FIRST_SECOND, _FIRST_OVER = 300, 2**32
#: Seconds between the two answers.
_APART = 120


class RecentLists(Fact, frozen=True, kw_only=True):
    """All lists, by name; for each source the jiffies at which packets were seen."""

    lists: Mapping[str, Mapping[str, tuple[int, ...]]]
    #: The jiffies at which this was read; None if they are unknown.
    now: int | None
    #: Jiffies a second; None if they are unknown.
    per_second: int | None = None

    def seen(self, rate: Rate, sources: Collection[str]) -> int | None:
        """Return the packets in a list that a rate counts: the most from one of these addresses; None if unknown."""
        if self.now is None or self.per_second is None:
            return None
        since = self.now - rate.seconds * self.per_second
        entries = self.lists.get(rate.name, {})
        counted = {rate.counted_as(source) for source in sources}
        return max((sum(stamp >= since for stamp in entries.get(one, ())) for one in counted), default=0)

    @classmethod
    def parse(cls, iptables: Record, clock: Annotated[Record, "daemons", OPTIONAL]) -> Self:
        """Parse the remarks behind the output of iptables-save."""
        lines = iptables.required().splitlines()
        lists: dict[str, dict[str, tuple[int, ...]]] = {}
        current: dict[str, tuple[int, ...]] | None = None
        now = None
        for line in lines:
            if found := re.fullmatch(_LIST, line):
                current = lists.setdefault(found[1], {})
            elif (found := re.fullmatch(_ENTRY, line)) and current is not None:
                try:
                    # several packets may have been seen in one jiffy; the latest is among them
                    seen = tuple(sorted(int(word) for word in found[3].split(",") if word.strip())) or (int(found[2]),)
                except ValueError:
                    raise Unreadable("the list of recent sources has an unexpected form") from None
                current[plain(found[1])] = seen
            elif found := re.fullmatch(_NOW, line):
                now = int(found[1])
        return cls(lists=lists, now=now, per_second=_per_second(now, clock.out))


def _per_second(now: int | None, daemons: str) -> int | None:
    """Return the jiffies a second by which the kernel would have counted as many since boot."""
    clock = re.match(_CLOCK, daemons)
    if now is None or clock is None:
        return None
    up = int(clock[1])
    counted = ((rate, (now - _FIRST_OVER) / rate + _FIRST_SECOND) for rate in _RATES)
    fitting = [rate for rate, seconds in counted if abs(seconds - up) <= _APART]
    return fitting[0] if len(fitting) == 1 else None
