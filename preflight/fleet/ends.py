"""The hosts of a fleet as ends of ways, and what they have answered about each other."""

import contextlib
from collections.abc import Hashable, Mapping

from msgspec import Struct, field

from preflight.answers import Unreadable
from preflight.capacity.limit import Capacity
from preflight.collect.built import BUILT_BY_DIGEST
from preflight.collect.follow_up import Further, both
from preflight.collect.pair import with_peer
from preflight.collect.session import SavedVisit
from preflight.facts.fact import Fact
from preflight.fleet.content import Member, Related, written
from preflight.fleet.kept import Kept
from preflight.fleet.questions import Questions
from preflight.fleet.units import Settled, Subject
from preflight.fleet.watched import Look
from preflight.host import Guest
from preflight.judge.report import Result

#: Maximum number of different answers of one destination about sources that are kept.
_MOST_KEPT = 64


class End(Struct, frozen=True):
    """A host in one of its roles."""

    visit: SavedVisit
    host: Member
    #: The contents of the facts that each unit takes of it, as one number.
    keys: list[int]
    #: Those of these facts that could not be determined, by the unit.
    unreadable: list[frozenset[Look]]
    #: The content of the names of its records.
    names: int
    #: Those that limits are read from and that could not be determined, by the kind of the migration.
    unread: dict[Hashable, frozenset[Look]] = {}
    #: The contents of what was looked at.
    looks: dict[Look, int] = {}
    #: The host with what it has answered about another one, by what it was asked.
    related: dict[Hashable, Related] = {}

    def content(self, look: Look) -> int:
        """Return the content of what was looked at; where that has none, the content of the fact."""
        known = self.looks.get(look)
        if known is None:
            known = self.looks[look] = self._content(look)
        return known

    def _content(self, look: Look) -> int:
        host = self.host
        if look.name:
            with contextlib.suppress(Exception):  # whatever the rule would meet here, the whole fact has it too
                value = look.value(host.fact(look.kind))
                return host.library.number((type(value), _hashable(value)))
        return host.content(look.kind)

    def told(self, asked: Further) -> Related:
        """Return the host with its answers to these questions."""
        found = with_peer(self.host, asked, self.visit.ask(asked.commands, asked.definitions))
        assert isinstance(found, Related)
        return found

    def answered(self, hosts: Questions, guests: Questions) -> Related:
        """Return the host as a destination with its answers to these questions, of which many sources ask the same."""
        builds = BUILT_BY_DIGEST in self.host.records
        key = (hosts.records, guests.records, guests.definitions if builds else None)
        found = self.related.get(key)
        if found is None:
            asked = both(hosts.there, guests.there)
            found = self.told(asked)
            if len(self.related) < _MOST_KEPT:
                self.related[key] = found
        return found


def _hashable(value: object) -> Hashable:
    """Return a value that only equal ones have in common."""
    try:
        hash(value)
    except TypeError:
        return written(value)
    # by the hash of a plain object, nothing equals anything else
    is_plain = value is not None and type(value).__hash__ is object.__hash__
    return written(value) if is_plain else value


class Source(Struct, frozen=True):
    """A host from which ways are judged, with what its ways share."""

    number: int
    end: End
    #: The guests that are judged, as `Pair.guests` has them.
    guests: Mapping[str | None, Guest | Unreadable]
    #: The guests as they are and as they will be, about which the other host is asked.
    known: tuple[Guest, ...]
    #: Each guest as it will be.
    sent: dict[str | None, Guest] = {}
    #: The questions about the guests, and about the hosts, by the kinds of the destination's facts that they take.
    about_guests: Kept[type[Fact], Questions] = field(default_factory=Kept)
    about_hosts: dict[Hashable, Kept[type[Fact], Questions]] = {}
    #: The host with its answers to these questions, which are kept so that no others get their identity.
    related: dict[tuple[int, int], tuple[Questions, Questions, Related]] = {}
    #: The results of each unit by its guest, for all ways with the same answers, or None for units without these.
    results: dict[Hashable, dict[tuple[int, int], Kept[Look, Result]]] = {}
    settled: dict[Hashable, Settled] = {}
    #: The subjects that are alike for many destinations, and the others, by the units that answers about them change.
    parted: dict[frozenset[int], tuple[tuple[Subject, ...], Settled]] = {}
    capacities: dict[Hashable, Kept[Look, Capacity]] = {}

    def answered(self, hosts: Questions, guests: Questions) -> Related:
        """Return the host with its answers to these questions."""
        key = (id(hosts), id(guests))
        known = self.related.get(key)
        if known is None:
            known = self.related[key] = hosts, guests, self.end.told(both(hosts.here, guests.here))
        return known[2]
