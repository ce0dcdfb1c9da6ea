"""Hosts with their answers, and the facts that are parsed from them."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from msgspec import Struct

from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.guest.guests import Guest, Guests
from preflight.request.migration import Role

__all__ = ["FactSource", "Guest", "Guests", "Host", "Judged"]

F = TypeVar("F", bound=Fact)


class Judged(Struct, frozen=True):
    """All guests that are checked, for a rule about their combined needs."""

    all: tuple[Guest, ...]


class FactSource(Struct, frozen=True):
    """Records that a fact is parsed from, and the parser. `records` are names; see `preflight.facts.fact.Fact`.

    If an `optional` record is missing, the fact is still useful: it gets a record of code 1 with the reason in `err`.
    """

    parse: Callable[..., Fact]
    records: tuple[str, ...]
    optional: tuple[str, ...] = ()


@dataclass(slots=True)
class Host:
    """Host with its records, and the facts parsed from them on first use.

    `absent` has the reasons for missing records; the key "" is the reason for all others.
    """

    role: Role
    #: The host as the user named it.
    name: str
    records: Mapping[str, Record]
    absent: Mapping[str, str]
    sources: Mapping[type[Fact], FactSource]
    _known: dict[type[Fact], Fact | Unreadable] = field(default_factory=dict)

    def fact(self, kind: type[F]) -> F:
        """Return the fact of this kind; raises `Unreadable` with the reason if it could not be determined."""
        if kind not in self._known:
            try:
                self._known[kind] = self._parse(self.sources[kind])
            except Unreadable as why:
                self._known[kind] = why
            except Exception as bug:
                # a fact that fails must not affect others, nor pass as known
                self._known[kind] = Unreadable(f"{kind.__name__} could not be read: {type(bug).__name__}: {bug}")
        known = self._known[kind]
        if isinstance(known, Unreadable):
            raise known
        return cast("F", known)

    def read_ahead(self, kinds: Iterable[type[Fact]], later: Iterable[str]) -> None:
        """Parse the facts of these kinds that need none of the `later` records ahead of time."""
        names = set(later)
        for kind in kinds:
            if names.isdisjoint(self.sources[kind].records):
                with contextlib.suppress(Unreadable):
                    self.fact(kind)

    def told(self, records: Mapping[str, Record], absent: Mapping[str, str]) -> "Host":
        """Return the host with further answers. Facts that do not depend on them are not parsed again."""
        names = {*records, *absent}
        known = {kind: fact for kind, fact in self._known.items() if names.isdisjoint(self.sources[kind].records)}
        return Host(self.role, self.name, {**self.records, **records}, {**self.absent, **absent}, self.sources, known)

    def _parse(self, source: FactSource) -> Fact:
        return source.parse(*(self._record(name, source) for name in source.records))

    def _record(self, name: str, source: FactSource) -> Record:
        if name in self.records:
            return self.records[name]
        reason = self.absent.get(name) or self.absent.get("", f"{name} was not collected")
        if name in source.optional:
            return Record("", 1, reason)
        raise Unreadable(reason)
