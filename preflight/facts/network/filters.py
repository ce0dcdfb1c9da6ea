"""libvirt's network filters on a host, which guests' interfaces refer to."""

from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Record
from preflight.facts.text.listing import Answer, Listing, answered


class NetworkFilters(Listing, frozen=True, kw_only=True):
    """All network filters of a host."""

    names: frozenset[str]

    def has(self, name: str) -> bool:
        """Report whether there is a filter of that name; raises `Unreadable` if libvirt did not list them."""
        self.must_be_there("network filters")
        return name in self.names

    @classmethod
    def parse(cls, filters: Annotated[Record, "libvirt.filters", OPTIONAL]) -> Self:
        """Parse the list that the collector made. Without an answer, keep the reason: few guests use a filter."""
        answer = answered(filters, _Answer(names=[]), "the list of network filters is")
        return cls(names=frozenset(answer.names), error=answer.error)


class _Answer(Answer, frozen=True, kw_only=True):
    names: list[str]
