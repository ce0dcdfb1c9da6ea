"""The records that each fact is parsed from, and the facts that are always made, whichever rules are selected."""

from collections.abc import Iterable, Mapping
from inspect import get_annotations

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
    Versions,
)
from preflight.facts.fact import OPTIONAL, Fact
from preflight.host import FactSource, Host
from preflight.request.migration import Role


def made_of(kind: type[Fact]) -> FactSource:
    """Return the records that the signature of a fact's `parse` names; raises `TypeError` if one is not a record."""
    records, optional = [], []
    for parameter, annotation in get_annotations(kind.parse).items():
        if parameter == "return":
            continue
        taken, said = getattr(annotation, "__origin__", annotation), getattr(annotation, "__metadata__", ())
        if taken not in (Record, Record | None):
            raise TypeError(f"{kind.__name__}.parse: {parameter} is not a record")
        name = next((one for one in said if isinstance(one, str)), parameter.replace("_", "-"))
        records.append(name)
        if OPTIONAL in said:
            optional.append(name)
    return FactSource(kind.parse, tuple(records), tuple(optional))


#: The records that each fact is parsed from, in the order of the parameters of its `parse`.
FACTS: Mapping[type[Fact], FactSource] = {
    kind: made_of(kind) for kind in (getattr(facts, name) for name in facts.__all__)
}


#: Facts that every report shows for a host, whichever rules are selected.
SUMMARY_FACTS: frozenset[type[Fact]] = frozenset((HostIdentity, OsRelease, Versions, OpenSsh, Login))


#: Facts of each end that questions for the other end need, whichever rules are selected: the guests to be migrated, and
#: those that the questions about the announced name are built from.
TIES: Mapping[Role, frozenset[type[Fact]]] = {
    Role.SOURCE: frozenset((Guests, OwnAddresses, PeerName)),
    Role.DESTINATION: frozenset((AnnouncedName, OwnAddresses)),
}


def records_for(kinds: Iterable[type[Fact]]) -> set[str]:
    """Return the names of the records that these facts are parsed from."""
    return {name for kind in kinds for name in FACTS[kind].records}


def make_host(role: Role, name: str, answers: Answers) -> Host:
    """Return a host whose facts are parsed on first use."""
    return Host(role, name, answers.records, answers.absent, FACTS)
