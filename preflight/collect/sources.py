"""The parts that each fact is made of, and the facts that are always made, whichever rules are selected."""

from collections.abc import Iterable, Iterator, Mapping
from inspect import get_annotations
from types import UnionType
from typing import TypeAlias

from preflight import facts
from preflight.answers import Answers, Record
from preflight.facts import (
    AnnouncedName,
    Guests,
    HostIdentity,
    Login,
    OpenSsh,
    OsRelease,
    OwnAddresses,
    PeerName,
    Session,
    Versions,
)
from preflight.facts.fact import OPTIONAL, Fact, Question, Unreadable
from preflight.host import FactSource, Host, Part
from preflight.request.migration import Role


def made_of(kinds: Iterable[type[Fact]]) -> Mapping[type[Fact], FactSource]:
    """Return the parts of these facts, and of the facts that they are made of, by the signatures of `parse`.

    Raises `TypeError` if a parameter is neither a record nor a fact, or if a fact is made of itself.
    """
    found: dict[type[Fact], FactSource] = {}
    for kind in kinds:
        _add(kind, found, ())
    return found


def _add(kind: type[Fact], found: dict[type[Fact], FactSource], above: tuple[type[Fact], ...]) -> FactSource:
    if kind in above:
        raise TypeError(f"{kind.__name__} is made of itself, through {', '.join(one.__name__ for one in above)}")
    if kind not in found:
        annotations = get_annotations(kind.parse)
        taken = [(name, type_) for name, type_ in annotations.items() if name != "return"]
        parts = tuple(_part(f"{kind.__name__}.parse: {name}", name, type_) for name, type_ in taken)
        of = [
            FactSource(kind.parse, records=(part.of,), questions=(part.question,) if part.question else ())
            if isinstance(part.of, str)
            else _add(part.of, found, (*above, kind))
            for part in parts
        ]
        names = dict.fromkeys(name for one in of for name in one.records)
        asked = dict.fromkeys(question for one in of for question in one.questions)
        found[kind] = FactSource(kind.parse, parts, tuple(names), tuple(asked))
    return found[kind]


def _part(what: str, parameter: str, annotation: object) -> Part:
    """Return the part that a parameter of this type takes; `what` starts the error for any other type."""
    said: tuple[object, ...] = getattr(annotation, "__metadata__", ())
    if getattr(annotation, "__origin__", annotation) is Record:
        asked = next((one for one in said if isinstance(one, Question)), None)
        name = next((one for one in said if isinstance(one, str)), parameter.replace("_", "-"))
        return Part(name if asked is None else asked.record, optional=OPTIONAL in said, question=asked)
    types = annotation.__args__ if isinstance(annotation, UnionType) else (annotation,)
    other = [one for one in types if one is not Unreadable]
    if len(other) == 1 and isinstance(other[0], type) and issubclass(other[0], Fact):
        return Part(other[0], optional=Unreadable in types)
    raise TypeError(f"{what} is neither a record nor a fact")


def _exported() -> Iterator[type[Fact]]:
    """Yield the facts among the names that the subjects export; a base class of facts has no parser of its own."""
    for one in (getattr(facts, name) for name in facts.__all__):
        if isinstance(one, type) and issubclass(one, Fact) and one.parse.__qualname__ != Fact.parse.__qualname__:
            yield one


#: The parts of each fact.
FACTS: Mapping[type[Fact], FactSource] = made_of(_exported())


#: Facts that every report shows for a host, whichever rules are selected.
SUMMARY_FACTS: frozenset[type[Fact]] = frozenset((HostIdentity, OsRelease, Versions, OpenSsh, Login, Session))


#: Facts of each end that questions for the other end need, whichever rules are selected: the guests to be migrated, and
#: those that the questions about the announced name are built from.
TIES: Mapping[Role, frozenset[type[Fact]]] = {
    Role.SOURCE: frozenset((Guests, OwnAddresses, PeerName)),
    Role.DESTINATION: frozenset((AnnouncedName, OwnAddresses)),
}


#: The parts of facts, by fact.
Sources: TypeAlias = Mapping[type[Fact], FactSource]


def records_for(kinds: Iterable[type[Fact]], sources: Sources = FACTS) -> set[str]:
    """Return the names of the records that these facts depend on."""
    return {name for kind in kinds for name in sources[kind].records}


def make_host(role: Role, name: str, answers: Answers, sources: Sources = FACTS) -> Host:
    """Return a host whose facts are parsed on first use."""
    return Host(role, name, answers.records, answers.absent, sources, answers.unasked)
