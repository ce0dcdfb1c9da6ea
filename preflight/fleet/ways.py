"""Every way from one host to another, judged as `check` judges a pair, but each rule once for the same facts.

A way is an ordered pair of hosts. Its results are those that `preflight.judge.evaluate` gives, without those that
passed or do not apply.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from preflight.answers import SavedHost, Unreadable
from preflight.capacity.limit import Capacity
from preflight.capacity.path import capacity
from preflight.capacity.path import facts as limited_by
from preflight.collect.endpoints import migration_between, own_transport
from preflight.collect.entrance import Entrance
from preflight.collect.follow_up import (
    NO_PATHS,
    images_of_others,
    questions_about_guests,
    questions_about_hosts,
)
from preflight.collect.pieces import NOT_LED
from preflight.collect.session import SavedVisit
from preflight.connection.target import parse_target
from preflight.facts.fact import Fact
from preflight.facts.network.way import MemoryWay
from preflight.fleet.alike import Alike
from preflight.fleet.content import Library, Member
from preflight.fleet.ends import End, Source
from preflight.fleet.judging import Judging, Met
from preflight.fleet.kept import Asking, Kept
from preflight.fleet.questions import Questions
from preflight.fleet.units import units_of
from preflight.fleet.watched import Look, SentPair, WatchedDestination, WatchedMigration, watched
from preflight.host import Host
from preflight.judge.check import names_of, on_either_end, own_of, summary_of
from preflight.judge.evaluate import explained
from preflight.judge.guests import choose_guests
from preflight.judge.report import HostSummary, Outcome, Result, Verdict, judge
from preflight.judge.ruleset import find, select
from preflight.judge.site import Ends, rules_of, waive
from preflight.request.check_request import Asked, Migration
from preflight.request.method import led_to
from preflight.request.migration import Role, Transport

#: One for all units that can read every fact, which are nearly all units of nearly all hosts.
_NONE_UNREADABLE: frozenset[Look] = frozenset()
#: The rule that explains why a host could not be logged in to. Of a host that is down, nothing else is judged.
_LOGIN = "ssh-login-refused"


class Way(Struct, frozen=True):
    """A way that was judged: what is wrong or unknown about it, or waived, and how many migrations it allows."""

    source: str
    destination: str
    verdict: Verdict
    results: tuple[Result, ...]
    capacity: Capacity
    #: True if the source has tried to connect to the destination.
    is_tried: bool = False


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
        self._entrances: dict[tuple[int, str], tuple[Entrance, int]] = {}
        self._judging: Judging | None = None
        every = rules_of(asked.site)
        self._login = find(every, _LOGIN).text
        self.rules = select(every, select=asked.select, ignore=asked.ignore)
        sources, self._own = own_of(every)
        self._library = Library(sources)
        self._units = tuple(units_of(self.rules))
        self._quoting = frozenset(rule.name for rule in self.rules if rule.body.quotes)
        self._targets = [parse_target(host.name) for host in hosts]
        self._ends: dict[tuple[int, Role, str], End] = {}

    def from_source(self, number: int, destinations: Sequence[int]) -> Iterator[Way]:
        """Judge the ways from one host to others, by their numbers; a host has no way to itself."""
        host = self._end(number, Role.SOURCE, own_transport(self._targets[number]))
        guests = choose_guests(host.host, self.asked).guests
        alone = SentPair(host.host, host.host, Migration(method=self.asked.method), guests)
        known = tuple(guest for name in guests for guest in on_either_end(alone, name))
        source = Source(number, host, guests, known, alone.last)
        others = [destination for destination in destinations if destination != number]
        if self._judging is None:
            ends = (self._destination(number, other)[0] for other in others)
            self._judging = Judging(self._units, Alike(end.keys for end in ends if not _is_down(end.host)))
        for destination in others:
            yield self._judged(source, destination, self._judging)

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

    def _judged(self, source: Source, number: int, judging: Judging) -> Way:
        destination, migration = self._destination(source.number, number)
        if down := [end.host for end in (source.end, destination) if _is_down(end.host)]:
            unknown = tuple(
                Result(self._login, host.role.value, self._login.severity, Outcome.UNKNOWN, host.absent[""])
                for host in down
            )
            return Way(source.end.host.name, destination.host.name, judge(unknown), unknown, Capacity(()))
        asked = (
            self._about_hosts(source, destination, number, migration),
            self._about_guests(source, destination, migration),
        )
        met = Met(source, destination, source.answered(*asked), destination.answered(*asked), migration)
        results = judging.results(met)
        if any(one.rule.name in self._quoting and one.findings for one in results):
            results = explained(self.rules, results)
        if self.asked.site.configured.waivers:
            ends = Ends(*(names_of(self._targets[one]) for one in (source.number, number)))
            results, _ = waive(results, self.asked.site, ends, self.rules)
        here, there = met.here, met.there
        return Way(here.name, there.name, judge(results), results, self._capacity(met), is_tried=_is_tried(here))

    def _destination(self, source: int, number: int) -> tuple[End, WatchedMigration]:
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

    def _entrance(self, destination: Member, number: int, migration: WatchedMigration) -> tuple[Entrance, int]:
        """Return where the data enters a destination, which is the same from every source, and its content."""
        key = (number, migration.transport)
        if key not in self._entrances:
            found = Entrance.of(destination, migration)
            content = (found.name, found.unnamed, tuple(found.ports.items()))
            self._entrances[key] = found, self._library.number(content)
        return self._entrances[key]

    def _end(self, number: int, role: Role, transport: str) -> End:
        key = (number, role, transport)
        if key not in self._ends:
            saved = self.hosts[number]
            visit = SavedVisit(saved, transport, self._own)
            host = self._library.member(role, saved.name, visit.first())
            at = list(Role).index(role)
            keys = [self._library.number(tuple(map(host.content, unit.takes[at]))) for unit in self._units]
            unreadable = [frozenset(_unreadable(host, unit.takes[at])) or _NONE_UNREADABLE for unit in self._units]
            self._ends[key] = End(visit, host, keys, unreadable, self._library.number(frozenset(host.records)))
        return self._ends[key]

    def _about_guests(self, source: Source, destination: End, migration: WatchedMigration) -> Questions:
        """Return the questions about the source's guests: the same for destinations with the facts that they take."""
        content_of = destination.host.content
        found = source.about_guests.find(content_of)
        if found is None:
            watching = Asking(destination.host)
            there, guests = cast("Host", watching), list(source.known)
            others = images_of_others(there, guests) if migration.copy_storage else NO_PATHS
            further = questions_about_guests(source.end.host, there, migration, guests, others)
            found = Questions.of(further, self._library.number)
            source.about_guests.add(tuple(watching.asked), content_of, found)
        return found

    def _about_hosts(self, source: Source, destination: End, number: int, migration: WatchedMigration) -> Questions:
        """Return the questions about the hosts: the same for destinations that announce the same."""
        entrance, content = self._entrance(destination.host, number, migration)
        known = source.about_hosts.setdefault((content, destination.names, migration.kind), Kept())
        content_of = destination.host.content
        found = known.find(content_of)
        if found is None:
            watching = Asking(destination.host)
            migration.looks.clear()
            further = questions_about_hosts(source.end.host, cast("Host", watching), migration, entrance)
            found = Questions.of(further, self._library.number)
            if not (migration.looks or watching.is_named):
                known.add(tuple(watching.asked), content_of, found)
        return found

    def _capacity(self, met: Met) -> Capacity:
        """Return the capacity of a way, which few ways have for themselves, by what it depends on."""
        known, kind, destination = met.source.capacities, met.migration.kind, met.destination
        if kind not in destination.unread:
            takes = limited_by(Role.DESTINATION, met.migration, every=self.asked.sizing)
            destination.unread[kind] = frozenset(_unreadable(destination.host, takes))
        unread = destination.unread[kind]
        for key in ((kind, None), (kind, met.said)):
            found = known[key].find(destination.content, unread) if key in known else None
            if found is not None:
                return found
        met.migration.looks.clear()
        here, there = Asking(met.here), WatchedDestination(met.there)
        found = capacity(cast("Host", here), cast("Host", there), met.migration, every=self.asked.sizing)
        if not met.migration.looks:
            has_own = there.has_own or not met.here.own.isdisjoint(here.asked)
            kept = known.setdefault((kind, met.said if has_own else None), Kept())
            kept.add(tuple(there.seen), destination.content, found)
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


def _unreadable(host: Member, kinds: Iterable[type[Fact]]) -> Iterator[Look]:
    """Yield the facts that could not be determined."""
    for kind in kinds:
        try:
            host.fact(kind)
        except Unreadable:
            yield Look(kind)
