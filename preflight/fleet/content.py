"""Hosts whose facts are shared by content: what many hosts answer alike is parsed once.

A fact is a function of its host's records, so hosts whose records are the same have the same fact. Others may have it
too, since a fact keeps only a part of what was answered: the content of a fact is a number that two hosts have in
common only if their facts have the same value.
"""

import copyreg
import io
import pickle
from collections import ChainMap
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType
from typing import TypeVar, cast

from preflight.answers import Answers, Record
from preflight.collect.sources import Sources
from preflight.facts.fact import Fact, Unreadable
from preflight.host import Host
from preflight.request.migration import Role

F = TypeVar("F", bound=Fact)


class Library:
    """The facts of many hosts, by kind and content."""

    def __init__(self, sources: Sources) -> None:
        """Take the parts of all facts, those that rules bring included."""
        self.sources = sources
        self._numbers: dict[Hashable, int] = {}
        self._next = count()  # not the size of the dictionary: threads would give two contents the same number
        #: By kind and the content of the records; each with its own content.
        self._parsed: dict[tuple[type[Fact], int], tuple[int, Fact | Unreadable]] = {}
        self._facts: dict[int, Fact | Unreadable] = {}
        self._made_of: dict[frozenset[str], frozenset[type[Fact]]] = {}

    def member(self, role: Role, name: str, answers: Answers) -> "Member":
        """Return a host that shares its facts with the others."""
        return Member(role, name, answers.records, answers.absent, self.sources, answers.unasked, library=self)

    def number(self, content: Hashable) -> int:
        """Return the number of a content, which is the same for equal ones."""
        known = self._numbers.get(content)
        return self._numbers.setdefault(content, next(self._next)) if known is None else known

    def fact(self, kind: type[Fact], host: "Member") -> tuple[int, Fact | Unreadable]:
        """Return the fact of this kind of a host, parsed unless another host has the same records, and its content."""
        key = (kind, self.number(tuple(map(host.answer, self.sources[kind].records))))
        if key not in self._parsed:
            fact = host.parsed(kind)
            content = self.number((kind, written(fact)))
            # equal facts are one object
            self._parsed[key] = (content, self._facts.setdefault(content, fact))
        return self._parsed[key]

    def made_of(self, records: Iterable[str]) -> frozenset[type[Fact]]:
        """Return the facts that depend on any of these records."""
        names = frozenset(records)
        if names not in self._made_of:
            of = (kind for kind, source in self.sources.items() if not names.isdisjoint(source.records))
            self._made_of[names] = frozenset(of)
        return self._made_of[names]


@dataclass(slots=True)
class Member(Host):
    """Host among many, with the answers that do not depend on a peer."""

    library: Library = field(kw_only=True)
    _contents: dict[type[Fact], int] = field(default_factory=dict)
    _answers: dict[str, int] = field(default_factory=dict)
    _beside: dict[frozenset[type[Fact]], int] = field(default_factory=dict)

    def fact(self, kind: type[F]) -> F:
        """Return the fact of this kind; raises `Unreadable` with the reason if it could not be determined."""
        known = self._known.get(kind)
        if known is None:
            self._contents[kind], known = self.library.fact(kind, self)
            self._known[kind] = known
        if isinstance(known, Unreadable):
            raise known.with_traceback(None)  # which would otherwise grow with every host that asks
        return cast("F", known)

    def content(self, kind: type[Fact]) -> int:
        """Return the content of a fact, or of the reason why it could not be determined."""
        if kind not in self._contents:
            self._contents[kind], self._known[kind] = self.library.fact(kind, self)
        return self._contents[kind]

    def answer(self, record: str) -> int:
        """Return the content of a record, or of the reason why it is missing."""
        if record not in self._answers:
            found: Hashable = self.records.get(record)
            if found is None:
                found = (self.absent.get(record) or self.absent.get(""), record in self.unasked, record)
            self._answers[record] = self.library.number(found)
        return self._answers[record]

    def beside(self, facts: frozenset[type[Fact]]) -> int:
        """Return the content of the host's own records of facts that answers about a peer change."""
        if facts not in self._beside:
            names = sorted({name for kind in facts for name in self.sources[kind].records})
            self._beside[facts] = self.library.number(tuple(map(self.answer, names)))
        return self._beside[facts]

    def told(
        self, records: Mapping[str, Record], absent: Mapping[str, str], unasked: frozenset[str] = frozenset()
    ) -> "Related":
        """Return the host with what it answers about a peer. Other facts stay those of this host."""
        return Related(self, records, absent, unasked)


class Related(Host):
    """Host of a pair: a member, and what it answers about its peer, which is kept for this pair alone."""

    __slots__ = ("member", "own", "said")

    def __init__(
        self, member: Member, records: Mapping[str, Record], absent: Mapping[str, str], unasked: frozenset[str]
    ) -> None:
        """Take the member, and the further answers."""
        news = {name: one for name, one in records.items() if member.records.get(name) != one}
        missing = {
            name: why
            for name, why in absent.items()
            if name not in records and name not in member.records and member.absent.get(name) != why
        }
        super().__init__(
            member.role,
            member.name,
            ChainMap(news, cast("dict[str, Record]", member.records)),
            ChainMap(missing, cast("dict[str, str]", member.absent)),
            member.sources,
            (member.unasked - {*records, *absent}) | unasked,
        )
        self.member = member
        #: The facts that this pair's answers change.
        self.own = member.library.made_of((*news, *missing, *(self.unasked ^ member.unasked)))
        #: All that these facts depend on: the content of the further answers, and that of the host's own.
        self.said: Hashable = (
            frozenset((*news.items(), *missing.items(), *(self.unasked ^ member.unasked))),
            member.beside(self.own),
        )

    def fact(self, kind: type[F]) -> F:
        """Return the fact of this kind; raises `Unreadable` with the reason if it could not be determined."""
        if kind in self.own:
            return super().fact(kind)
        return self.member.fact(kind)


def written(value: object) -> Hashable:
    """Return a value that only equal facts, or parts of facts, have in common."""
    if isinstance(value, Unreadable):
        return (type(value), str(value))
    file = io.BytesIO()
    pickler = pickle.Pickler(file, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = copyreg.dispatch_table | {MappingProxyType: lambda mapping: (dict, (dict(mapping),))}
    pickler.fast = True  # by value: what is there twice is written twice
    try:
        pickler.dump(value)
    except (KeyError, ValueError, RecursionError):  # of this mode, for some values that are large or deeply nested
        return object()  # equal to no other
    return file.getvalue()
