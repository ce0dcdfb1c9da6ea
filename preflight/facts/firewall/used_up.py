"""The part of a firewall's rates that earlier connections have used up, as far as the kernel shows it."""

from collections.abc import Collection
from typing import Self

from preflight.facts.fact import Fact, Unreadable
from preflight.facts.firewall.buckets import Buckets
from preflight.facts.firewall.rate import Rate
from preflight.facts.firewall.recent import RecentLists


class UsedUp(Fact, frozen=True, kw_only=True):
    """Lists of recent sources, and buckets of `hashlimit`. The kernel shows no other token bucket."""

    lists: RecentLists
    buckets: Buckets

    @classmethod
    def parse(cls, lists: RecentLists | Unreadable, buckets: Buckets | Unreadable) -> Self:
        """Take the parts; one that could not be read knows nothing."""
        return cls(
            lists=RecentLists(lists={}, now=None) if isinstance(lists, Unreadable) else lists,
            buckets=Buckets(tables={}) if isinstance(buckets, Unreadable) else buckets,
        )

    def of(self, rate: Rate, sources: Collection[str], ports: Collection[int]) -> int | None:
        """Return the connections that are used up of a rate on those that begin in a time, for these sources and ports.

        None if that is unknown.
        """
        if rate.name:
            return self.lists.seen(rate, sources)
        left = self.buckets.left(rate, sources, ports) if rate.table else None
        return None if left is None else max(0, rate.most - left)
