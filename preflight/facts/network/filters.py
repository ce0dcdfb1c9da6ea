"""libvirt's network filters on a host, which interfaces of guests name."""

from typing import Self

from preflight.facts.fact import Record
from preflight.facts.text.listing import Answer, Listing, answered


class NetworkFilters(Listing, frozen=True, kw_only=True):
    """All network filters of a host."""

    names: frozenset[str]

    def has(self, name: str) -> bool:
        """Whether there is one of that name; raises `Unreadable` when that was not told."""
        self.must_be_there("network filters")
        return name in self.names

    @classmethod
    def parse(cls, filters: Record) -> Self:
        """Read the list that the collector made. Without an answer the reason is kept: few guests name one."""
        answer = answered(filters, _Answer(names=[]), "the list of network filters is")
        return cls(names=frozenset(answer.names), error=answer.error)


class _Answer(Answer, frozen=True, kw_only=True):
    names: list[str]
