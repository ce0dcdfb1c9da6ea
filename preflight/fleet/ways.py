"""Every way from one host to another, judged as `check` judges a pair, but each rule once for the same facts.

A way is an ordered pair of hosts. Its results are those that `preflight.judge.evaluate` gives, without those that
passed or do not apply.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, cast

from msgspec import Struct, field
from msgspec.structs import replace

from preflight.answers import SavedHost, Unreadable
from preflight.capacity.limit import Capacity
from preflight.capacity.path import capacity
from preflight.capacity.path import facts as limited_by
from preflight.collect.endpoints import migration_between, own_transport
from preflight.collect.entrance import Entrance
from preflight.collect.follow_up import (
    NO_PATHS,
    Further,
    both,
    images_of_others,
    questions_about_guests,
    questions_about_hosts,
)
from preflight.collect.pair import with_peer
from preflight.collect.pieces import NOT_LED
from preflight.collect.session import SavedVisit
from preflight.connection.target import parse_target
from preflight.facts.fact import Fact
from preflight.facts.network.way import MemoryWay
from preflight.fleet.alike import Alike
from preflight.fleet.content import Library, Member, Related
from preflight.fleet.kept import Asking, Kept
from preflight.fleet.units import Subject, Unit, units_of
from preflight.fleet.watched import SentPair, WatchedDestination, WatchedMigration, is_led, watched
from preflight.host import Guest, Host
from preflight.judge.check import names_of, on_either_end, own_of, summary_of
from preflight.judge.evaluate import explained, outcome
from preflight.judge.guests import Pair, choose_guests
from preflight.judge.report import ALL_GUESTS, HostSummary, Outcome, Result, Verdict, judge
from preflight.judge.ruleset import find, select
from preflight.judge.site import Ends, rules_of, waive
from preflight.request.check_request import Asked, Migration
from preflight.request.method import led_to
from preflight.request.migration import Role, Transport

#: Maximum number of results that are kept of one rule for all sources.
_MOST_KEPT = 20_000
#: The rule that explains why a host could not be logged in to. Of a host that is down, nothing else is judged.
_LOGIN = "ssh-login-refused"
#: Outcomes of which a report on many hosts has nothing to say.
_SILENT = frozenset((Outcome.PASSED, Outcome.NOT_APPLICABLE))


class Way(Struct, frozen=True):
    """A way that was judged: what is wrong or unknown about it, or waived, and how many migrations it allows."""

    source: str
    destination: str
    verdict: Verdict
    results: tuple[Result, ...]
    capacity: Capacity
    #: True if the source has tried to connect to the destination.
    is_tried: bool = False


#: The number of a unit, the place of its guest, and its result.
_Found: TypeAlias = tuple[int, int, Result]


class _Settled(Struct, frozen=True):
    """What is the same for all destinations that are alike: results, and the subjects that each is judged by apart."""

    results: tuple[_Found, ...]
    left: tuple[Subject, ...]


class _End(Struct, frozen=True):
    """A host in one of its roles."""

    visit: SavedVisit
    host: Member
    #: The contents of the facts that each unit takes of it.
    contents: list[tuple[int, ...]]
    #: The places of those among them that could not be determined.
    unreadable: list[frozenset[int]]
    #: The contents as one number for each unit.
    keys: list[int]


class _Source(Struct, frozen=True):
    """A host from which ways are judged, with what its ways share."""

    number: int
    end: _End
    #: The guests that are judged, as `Pair.guests` has them.
    guests: Mapping[str | None, Guest | Unreadable]
    #: The guests as they are and as they will be, about which the other host is asked.
    known: tuple[Guest, ...]
    #: Each guest as it will be, and the results of each unit by the guest.
    sent: dict[str | None, Guest] = {}
    #: Apart for migrations to an address of the destination's own, which are migrations with one option more.
    results: dict[bool, dict[tuple[int, int], Kept[int, Result]]] = field(default_factory=lambda: {False: {}, True: {}})
    #: The questions about the guests, by the kinds of the destination's facts that they take.
    questions: Kept[type[Fact], tuple[Further, Further]] = field(default_factory=Kept)
    capacities: dict[int, Capacity] = {}
    settled: dict[tuple[int, frozenset[int], bool], _Settled] = {}


class Ways:
    """The ways between hosts whose answers are saved."""

    def __init__(self, hosts: Sequence[SavedHost], asked: Asked, led: Mapping[str, str] = NOT_LED) -> None:
        """Take the hosts, and the request, whose own hosts do not count; raises `UserError`.

        `led` has the addresses that guests' memory is sent to, by the names of hosts with one of their own: each way
        to such a host is judged as with `--migrateuri`.
        """
        self.hosts = tuple(hosts)
        self.asked = asked
        self._led = led
        self._migrations: dict[tuple[int, bool], WatchedMigration] = {}
        self._entrances: dict[tuple[int, str], Entrance] = {}
        self._alike: Alike | None = None
        every = rules_of(asked.site)
        self._login = find(every, _LOGIN).text
        self.rules = select(every, select=asked.select, ignore=asked.ignore)
        sources, self._own = own_of(every)
        self._library = Library(sources)
        self._units = tuple(units_of(self.rules))
        self._of_hosts = tuple(unit for unit in self._units if not unit.rule.per_guest)
        self._of_guests = tuple(unit for unit in self._units if unit.rule.per_guest)
        self._quoting = frozenset(rule.name for rule in self.rules if rule.body.quotes)
        self._targets = [parse_target(host.name) for host in hosts]
        self._ends: dict[tuple[int, Role, str], _End] = {}
        self._kept: dict[tuple[int, int, bool, bool], Kept[int, Result]] = {}
        self._number_kept = [0] * len(self._units)
        self._units_apart: dict[tuple[frozenset[type[Fact]], frozenset[type[Fact]]], frozenset[int]] = {}

    def from_source(self, number: int, destinations: Sequence[int]) -> Iterator[Way]:
        """Judge the ways from one host to others, by their numbers; a host has no way to itself."""
        host = self._end(number, Role.SOURCE, own_transport(self._targets[number]))
        guests = choose_guests(host.host, self.asked).guests
        alone = SentPair(host.host, host.host, Migration(method=self.asked.method), guests)
        known = tuple(guest for name in guests for guest in on_either_end(alone, name))
        source = _Source(number, host, guests, known, alone.last)
        others = [destination for destination in destinations if destination != number]
        if self._alike is None:
            ends = (self._destination(number, other)[0] for other in others)
            self._alike = Alike(end.keys for end in ends if not _is_down(end.host))
        for destination in others:
            yield self._judged(source, destination)

    def guests_of(self, number: int) -> tuple[str, ...]:
        """Return the names of the guests of a host that are judged."""
        return tuple(name for name in choose_guests(self.host(number), self.asked).guests if name is not None)

    def host(self, number: int) -> Member:
        """Return a host as a source, with its facts."""
        return self._end(number, Role.SOURCE, own_transport(self._targets[number])).host

    def is_down(self, number: int) -> bool:
        """Report whether nothing is known of a host."""
        return _is_down(self.host(number))

    def summary(self, number: int) -> HostSummary:
        """Return a host as reports name it."""
        summary = summary_of(self.host(number), None, self.hosts[number], saved=True)
        return replace(summary, migration_address=self._led.get(self.hosts[number].name))

    def _judged(self, source: _Source, number: int) -> Way:
        asked, targets = self.asked, (self._targets[source.number], self._targets[number])
        destination, migration = self._destination(source.number, number)
        if down := [end.host for end in (source.end, destination) if _is_down(end.host)]:
            unknown = tuple(
                Result(self._login, host.role.value, self._login.severity, Outcome.UNKNOWN, host.absent[""])
                for host in down
            )
            return Way(source.end.host.name, destination.host.name, judge(unknown), unknown, Capacity(()))
        entrance = self._entrance(destination.host, number, migration)
        of_hosts = questions_about_hosts(source.end.host, destination.host, migration, entrance)
        of_guests = self._about_guests(source, destination, migration)
        here, there = (
            with_peer(end.host, more, end.visit.ask(more.commands, more.definitions))
            for end, more in zip((source.end, destination), map(both, of_hosts, of_guests), strict=True)
        )
        pair = SentPair(here, there, migration, source.guests, source.sent, WatchedDestination(there))
        results = tuple(self._results(pair, source, destination))
        if any(one.rule.name in self._quoting and one.findings for one in results):
            results = explained(self.rules, results)
        if asked.site.configured.waivers:
            results, _ = waive(results, asked.site, Ends(*map(names_of, targets)), self.rules)
        allowed = self._capacity(pair, source, destination)
        return Way(here.name, there.name, judge(results), results, allowed, is_tried=_is_tried(here))

    def _destination(self, source: int, number: int) -> tuple[_End, WatchedMigration]:
        """Return a host as the destination of ways from a source, and their migration."""
        migration = self._migration(source, number)
        # a daemon that opens the connection itself asks preflight for none to the destination
        transport = own_transport(self._targets[number]) if migration.peer_to_peer else migration.transport
        return self._end(number, Role.DESTINATION, transport), migration

    def _migration(self, source: int, destination: int) -> WatchedMigration:
        """Return the migration of a way, which depends on little of its source."""
        key = (destination, own_transport(self._targets[source]) == Transport.SSH)
        if key not in self._migrations:
            led = self._led.get(self.hosts[destination].name)
            asked = replace(self.asked, method=led_to(self.asked.method, led))
            self._migrations[key] = watched(
                migration_between(asked, self._targets[source], self._targets[destination]), is_led=led is not None
            )
        return self._migrations[key]

    def _entrance(self, destination: Member, number: int, migration: WatchedMigration) -> Entrance:
        """Return where the data enters a destination, which is the same from every source."""
        key = (number, migration.transport)
        if key not in self._entrances:
            self._entrances[key] = Entrance.of(destination, migration)
        return self._entrances[key]

    def _end(self, number: int, role: Role, transport: str) -> _End:
        key = (number, role, transport)
        if key not in self._ends:
            saved = self.hosts[number]
            visit = SavedVisit(saved, transport, self._own)
            host = self._library.member(role, saved.name, visit.first())
            at = list(Role).index(role)
            contents = [tuple(map(host.content, unit.takes[at])) for unit in self._units]
            unreadable = [frozenset(_unreadable(host, unit.takes[at])) for unit in self._units]
            self._ends[key] = _End(visit, host, contents, unreadable, list(map(self._library.number, contents)))
        return self._ends[key]

    def _about_guests(self, source: _Source, destination: _End, migration: WatchedMigration) -> tuple[Further, Further]:
        """Return the questions about the source's guests: the same for destinations with the facts that they take."""
        content_of = destination.host.content
        found = source.questions.find(content_of)
        if found is None:
            watching = Asking(destination.host)
            there, guests = cast("Host", watching), list(source.known)
            others = images_of_others(there, guests) if migration.copy_storage else NO_PATHS
            found = questions_about_guests(source.end.host, there, migration, guests, others)
            source.questions.add(tuple(watching.asked), content_of, found)
        return found

    def _results(self, pair: SentPair, source: _Source, destination: _End) -> Iterator[Result]:
        """Yield what is wrong or unknown, in the order of rules, then subjects."""
        here, there = pair.source, pair.destination
        assert isinstance(here, Related)
        assert isinstance(there, Related)
        assert self._alike is not None
        apart = self._apart(here.own, there.own)
        key = (self._alike.kind(destination.keys), apart, is_led(pair.migration))
        settled = source.settled.get(key)
        found = [] if settled is None else list(settled.results)
        same, left = list[_Found](), list[Subject]()
        for one in self._subjects(pair) if settled is None else settled.left:
            result, is_kept = self._result(one, pair, source, destination, apart)
            is_same = is_kept and one.unit.number in self._alike.units
            if not is_same:
                left.append(one)
            if result.outcome not in _SILENT:
                found.append((one.unit.number, one.place, result))
                if is_same:
                    same.append(found[-1])
        if settled is None:
            source.settled[key] = _Settled(tuple(same), tuple(left))
        return (result for _, _, result in sorted(found, key=lambda one: one[:2]))

    def _subjects(self, pair: SentPair) -> Iterator[Subject]:
        """Yield each unit with each of its subjects."""
        for unit in self._of_hosts:
            yield Subject(unit, unit.subject)
        for place, name in enumerate(pair.guests):
            subject = ALL_GUESTS if name is None else f"guest {name}"
            for unit in self._of_guests:
                yield Subject(unit, subject, name, place)

    def _apart(self, here: frozenset[type[Fact]], there: frozenset[type[Fact]]) -> frozenset[int]:
        """Return the units that take facts which are this pair's own, and whose results no other way has."""
        key = (here, there)
        if key not in self._units_apart:
            self._units_apart[key] = frozenset(
                unit.number
                for unit in self._units
                if not (here.isdisjoint(unit.takes[0]) and there.isdisjoint(unit.takes[1]))
            )
        return self._units_apart[key]

    def _result(
        self, one: Subject, pair: SentPair, source: _Source, destination: _End, apart: frozenset[int]
    ) -> tuple[Result, bool]:
        """Return the result of a unit, and whether it is that of all ways with the same facts.

        It is not if the unit takes facts that are this pair's own, or looks at the destination's URI.
        """
        unit, number = one.unit, one.unit.number
        if number in apart:
            return outcome(unit.rule, pair, one.subject, one.guest, unit.role), False
        is_shared = one.place < 0 and not unit.takes_guests
        contents, unreadable = destination.contents[number].__getitem__, destination.unreadable[number]
        results = source.results[is_led(pair.migration)]
        own = results.get((number, one.place))
        if own is None:  # there may be results from another source with the same facts
            own = results[number, one.place] = self._shared(unit, source, pair) if is_shared else Kept()
        kept = own.find(contents, unreadable)
        if kept is not None:
            return kept, True
        migration, watching = pair.migration, pair.watching
        assert isinstance(migration, WatchedMigration)
        assert watching is not None
        migration.looks.clear()
        watching.seen.clear()
        result = outcome(unit.rule, pair, one.subject, one.guest, unit.role)
        if migration.looks:
            return result, False
        if not (is_shared and self._number_kept[number] >= _MOST_KEPT):
            seen = tuple(place for place, kind in enumerate(unit.takes[1]) if kind in watching.seen)
            own.add(seen, contents, result)
            self._number_kept[number] += is_shared
        return result, True

    def _shared(self, unit: Unit, source: _Source, pair: Pair) -> Kept[int, Result]:
        """Return the results of a unit that are the same for all sources with the same facts."""
        key = (
            unit.number,
            source.end.keys[unit.number],
            pair.migration.source_over_ssh,
            is_led(pair.migration),
        )
        return self._kept.setdefault(key, Kept())

    def _capacity(self, pair: Pair, source: _Source, destination: _End) -> Capacity:
        migration = pair.migration
        assert isinstance(migration, WatchedMigration)
        here, there = pair.source, pair.destination
        assert isinstance(here, Related)
        assert isinstance(there, Related)
        takes = [limited_by(role, migration, every=self.asked.sizing) for role in Role]
        if not (here.own.isdisjoint(takes[0]) and there.own.isdisjoint(takes[1])):
            return capacity(here, there, migration, every=self.asked.sizing)
        key = self._library.number(
            (is_led(migration), *map(destination.host.content, sorted(takes[1], key=lambda kind: kind.__name__)))
        )
        if key in source.capacities:
            return source.capacities[key]
        migration.looks.clear()
        found = capacity(here, there, migration, every=self.asked.sizing)
        if not migration.looks:
            source.capacities[key] = found
        return found


def _is_tried(source: Host) -> bool:
    """Report whether the source has tried to connect to its peer, and that it was not only asked to."""
    try:
        return source.fact(MemoryWay).reached is not None
    except Unreadable:
        return False


def _is_down(host: Host) -> bool:
    """Report whether nothing is known of a host, since neither a login nor its libvirt could be reached."""
    return "" in host.absent and "libvirt.domains" not in host.records


def _unreadable(host: Member, kinds: Iterable[type[Fact]]) -> Iterator[int]:
    """Yield the places of the facts that could not be determined."""
    for place, kind in enumerate(kinds):
        try:
            host.fact(kind)
        except Unreadable:
            yield place
