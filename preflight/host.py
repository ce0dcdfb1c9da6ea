"""Hosts with their answers, and the facts that are parsed from them."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from msgspec import Struct

from preflight.facts.fact import Fact, NotAsked, Question, Record, Unreadable
from preflight.facts.guest.guests import Guest, Guests
from preflight.request.migration import Role

__all__ = ["FactSource", "Guest", "Guests", "Host", "Judged", "Part"]

F = TypeVar("F", bound=Fact)

#: Reason why a record of `Host.unasked` is missing.
NOT_YET = "the snapshot is from a preflight that did not ask for this yet"


class Judged(Struct, frozen=True):
    """All guests that are checked, for a rule about their combined needs."""

    all: tuple[Guest, ...]


class Part(Struct, frozen=True):
    """Record, by its name, or other fact of the same host that a fact is made of."""

    of: str | type[Fact]
    #: True if the fact is still useful without it.
    optional: bool = False
    #: The question that asks for the record, if preflight itself does not ask for it.
    question: Question | None = None


class FactSource(Struct, frozen=True):
    """Parser of a fact, and the parts that it takes, in its order; see `preflight.facts.fact.Fact`."""

    parse: Callable[..., Fact]
    parts: tuple[Part, ...] = ()
    #: The names of all records that the fact depends on, those of other facts included.
    records: tuple[str, ...] = ()
    #: The questions that a site has added for these records.
    questions: tuple[Question, ...] = ()


@dataclass(slots=True)
class Host:
    """Host with its records, and the facts parsed from them on first use.

    `absent` has the reasons for missing records; the key "" is the reason for all others. `unasked` are the records
    that no question was asked about, because the host is a snapshot: from before that question, unless `absent` has
    another reason.
    """

    role: Role
    #: The host as the user named it.
    name: str
    records: Mapping[str, Record]
    absent: Mapping[str, str]
    sources: Mapping[type[Fact], FactSource]
    unasked: frozenset[str] = frozenset()
    _known: dict[type[Fact], Fact | Unreadable] = field(default_factory=dict)

    def fact(self, kind: type[F]) -> F:
        """Return the fact of this kind; raises `Unreadable` with the reason if it could not be determined."""
        if kind not in self._known:
            self._known[kind] = self.parsed(kind)
        known = self._known[kind]
        if isinstance(known, Unreadable):
            raise known
        return cast("F", known)

    def parsed(self, kind: type[Fact]) -> Fact | Unreadable:
        """Return the fact of this kind, parsed again, or the reason why it cannot be."""
        try:
            return self._parse(self.sources[kind])
        except Unreadable as why:
            return why.with_traceback(None)  # which would keep the host, and all that it knows, in a cycle
        except Exception as bug:
            # a fact that fails must not affect others, nor pass as known
            return Unreadable(f"{kind.__name__} could not be read: {type(bug).__name__}: {bug}")

    def read_ahead(self, kinds: Iterable[type[Fact]], later: Iterable[str]) -> None:
        """Parse the facts of these kinds, or else their parts, that need none of the `later` records ahead of time."""
        names = set(later)
        for kind in kinds:
            source = self.sources[kind]
            if names.isdisjoint(source.records):
                with contextlib.suppress(Unreadable):
                    self.fact(kind)
            else:
                self.read_ahead([part.of for part in source.parts if not isinstance(part.of, str)], names)

    def told(
        self, records: Mapping[str, Record], absent: Mapping[str, str], unasked: frozenset[str] = frozenset()
    ) -> "Host":
        """Return the host with further answers. Facts that do not depend on them are not parsed again."""
        names = {*records, *absent, *unasked}
        known = {kind: fact for kind, fact in self._known.items() if names.isdisjoint(self.sources[kind].records)}
        records, absent = {**self.records, **records}, {**self.absent, **absent}
        return Host(self.role, self.name, records, absent, self.sources, (self.unasked - names) | unasked, known)

    def _parse(self, source: FactSource) -> Fact:
        return source.parse(*map(self._part, source.parts))

    def _part(self, part: Part) -> Record | Fact | Unreadable:
        if isinstance(part.of, str):
            return self._record(part.of, optional=part.optional)
        try:
            return self.fact(part.of)
        except Unreadable as why:
            if part.optional:
                return why
            raise

    def _record(self, name: str, *, optional: bool) -> Record:
        if name in self.records:
            return self.records[name]
        unasked = name in self.unasked and "" not in self.absent
        reason = self.absent.get(name) or self.absent.get("")
        if reason is None:
            reason = NOT_YET if unasked else f"{name} was not collected"
        if optional:
            return Record("", 1, reason)
        raise NotAsked(reason) if unasked else Unreadable(reason)
