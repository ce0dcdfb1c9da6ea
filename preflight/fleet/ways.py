"""Every way from one host to another, judged as `check` judges a pair, but each rule once for the same facts.

A way is an ordered pair of hosts. Its results are those that `preflight.judge.evaluate` gives, without those that
passed or do not apply.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from preflight.answers import SavedHost, Unreadable
from preflight.capacity.limit import Capacity
from preflight.capacity.path import capacity
from preflight.capacity.path import facts as limited_by
from preflight.collect.endpoints import migration_between, own_transport
from preflight.collect.follow_up import further_questions
from preflight.collect.pair import with_peer
from preflight.collect.session import SavedVisit
from preflight.connection.target import Target, parse_target
from preflight.errors import UserError
from preflight.facts.fact import Fact
from preflight.fleet.content import Library, Member, Related
from preflight.host import Guest, Host, Judged
from preflight.judge.check import own_of, on_either_end
from preflight.judge.evaluate import explained, outcome, subjects
from preflight.judge.guests import Pair, choose_guests
from preflight.judge.report import ALL_GUESTS, Outcome, Result, Verdict, judge
from preflight.judge.ruleset import Rule, select
from preflight.judge.site import Ends, rules_of, waive
from preflight.request.check_request import Asked, Migration
from preflight.request.migration import Role

#: Maximum number of results that are kept of one rule for all sources.
_MOST_KEPT = 20_000
#: Outcomes of which a report on many hosts has nothing to say.
_SILENT = frozenset((Outcome.PASSED, Outcome.NOT_APPLICABLE))


class Way(Struct, frozen=True):
    """A way that was judged: what is wrong or unknown about it, or waived, and how many migrations it allows."""

    source: str
    destination: str
    verdict: Verdict
    results: tuple[Result, ...]
    capacity: Capacity


class _Watched(Migration, frozen=True):
    """The migration to one destination, which remembers that its URI was looked at.

    A result is the same for every destination with the same facts unless the rule has looked at the URI.
    """

    #: One item if it was; a list, since it stays in sight when the migration is replaced.
    looks: list[bool] = []

    def __getattribute__(self, name: str) -> object:
        """Return an attribute."""
        if name == "destination_uri":
            super().__getattribute__("looks")[:] = [True]
        return super().__getattribute__(name)


class _Unit(Struct, frozen=True):
    """A rule and one of its subjects, and what its result depends on."""

    rule: Rule
    number: int
    subject: str
    role: Role | None
    #: The facts that it takes of either end.
    takes: tuple[tuple[type[Fact], ...], tuple[type[Fact], ...]]
    #: True if it takes all judged guests of the source.
    judged: bool


class _End(Struct, frozen=True):
    """A host in one of its roles."""

    target: Target
    visit: SavedVisit
    host: Member
    #: The content of what each unit takes of it.
    keys: list[int]


class _SentPair(Pair, frozen=True):
    """The pair of a way; its guests as they will be are those of every way from the source."""

    def guest_of(self, role: Role, name: str | None) -> Guest:
        """Return the guest as it is on the source, or as it will be on the destination; raises `Unreadable`."""
        if role is Role.SOURCE or name in self.last:
            return super().guest_of(role, name)
        found = self.guests[name]
        if isinstance(found, Unreadable):
            raise found
        self.last[name] = found.on_destination(self.migration.method.dname, self.migration.method.xml)
        return self.last[name]


class Ways:
    """The ways between hosts whose answers are saved."""

    def __init__(self, hosts: Sequence[SavedHost], asked: Asked) -> None:
        """Take the hosts, and the request, whose own hosts do not count; raises `UserError`."""
        self.hosts = tuple(hosts)
        self._asked = asked
        every = rules_of(asked.site)
        self.rules = select(every, select=asked.select, ignore=asked.ignore)
        sources, own = own_of(every)
        self._library = Library(sources)
        self._own = own
        self._units = tuple(_units(self.rules))
        self._of_hosts = tuple(unit for unit in self._units if not unit.rule.per_guest)
        self._of_guests = tuple(unit for unit in self._units if unit.rule.per_guest)
        self._order = {rule.name: number for number, rule in enumerate(self.rules)}
        self._targets = [parse_target(host.name) for host in hosts]
        self._ends: dict[tuple[int, Role, str], _End] = {}
        self._kept: dict[tuple[int, ...], Result] = {}
        self._number_kept = [0] * len(self._units)
        self._capacities: dict[tuple[int, ...], Capacity] = {}

    def from_source(self, source: int, destinations: Sequence[int]) -> Iterator[Way]:
        """Judge the ways from one host to others, by their numbers; a host has no way to itself."""
        own: dict[tuple[int, ...], Result] = {}
        sent: dict[str | None, Guest] = {}
        for destination in destinations:
            if destination != source:
                yield self._judged(source, destination, own, sent)

    def _judged(
        self,
        source: int,
        destination: int,
        own: dict[tuple[int, ...], Result],
        sent: dict[str | None, Guest],
    ) -> Way:
        asked, targets = self._asked, (self._targets[source], self._targets[destination])
        migration = migration_between(asked, *targets, kind=_Watched)
        transports = (own_transport(targets[0]), migration.transport)
        if migration.peer_to_peer:
            transports = (transports[0], own_transport(targets[1]))
        ends = tuple(
            self._end(number, role, transport)
            for number, role, transport in zip((source, destination), Role, transports, strict=True)
        )
        guests = self._guests(ends[0].host)
        pair = self._related(ends, migration, guests, sent)
        results = tuple(explained(self.rules, tuple(self._results(pair, ends, own))))
        if asked.site.configured.waivers:
            results, _ = waive(results, asked.site, Ends(*map(_names, targets)), self.rules)
        return Way(
            ends[0].host.name,
            ends[1].host.name,
            judge(results),
            results,
            self._capacity(pair, migration),
        )

    def _end(self, number: int, role: Role, transport: str) -> _End:
        key = (number, role, transport)
        if key not in self._ends:
            saved = self.hosts[number]
            visit = SavedVisit(saved, transport, self._own)
            host = self._library.member(role, saved.name, visit.first())
            at = list(Role).index(role)
            keys = [self._library.number(tuple(map(host.content, unit.takes[at]))) for unit in self._units]
            self._ends[key] = _End(self._targets[number], visit, host, keys)
        return self._ends[key]

    def _guests(self, source: Member) -> Mapping[str | None, Guest | Unreadable]:
        return choose_guests(source, self._asked).guests

    def _related(
        self,
        ends: tuple[_End, ...],
        migration: Migration,
        guests: Mapping[str | None, Guest | Unreadable],
        sent: dict[str | None, Guest],
    ) -> Pair:
        here, there = ends
        alone = _SentPair(here.host, here.host, migration, guests, sent)
        known = [guest for name in guests for guest in on_either_end(alone, name)]
        further = further_questions(here.host, there.host, migration, known)
        told: list[Host] = [
            with_peer(end.host, asked, end.visit.ask(asked.commands, asked.definitions))
            for end, asked in zip(ends, further, strict=True)
        ]
        return _SentPair(told[0], told[1], migration, guests, sent)

    def _results(self, pair: Pair, ends: tuple[_End, ...], own: dict[tuple[int, ...], Result]) -> Iterator[Result]:
        found: list[tuple[int, Result]] = []
        for unit in self._of_hosts:
            result = self._result(unit, pair, ends, own, unit.subject, None, -1)
            if result.outcome not in _SILENT:
                found.append((unit.number, result))
        for number, name in enumerate(pair.guests):
            subject = ALL_GUESTS if name is None else f"guest {name}"
            for unit in self._of_guests:
                result = self._result(unit, pair, ends, own, subject, name, number)
                if result.outcome not in _SILENT:
                    found.append((unit.number, result))
        # in the order of rules, then subjects
        return (result for _, result in sorted(found, key=lambda one: one[0]))

    def _result(
        self,
        unit: _Unit,
        pair: Pair,
        ends: tuple[_End, ...],
        own: dict[tuple[int, ...], Result],
        subject: str,
        guest: str | None,
        number: int,
    ) -> Result:
        """Return the result of a unit: a kept one if one with the same facts did not look at the destination's URI."""
        source, destination = pair.source, pair.destination
        assert isinstance(source, Related)
        assert isinstance(destination, Related)
        if not (source.own.isdisjoint(unit.takes[0]) and destination.own.isdisjoint(unit.takes[1])):
            return outcome(unit.rule, pair, subject, guest, unit.role)
        key = (unit.number, number, ends[1].keys[unit.number])
        kept = own.get(key)
        if kept is not None:
            return kept
        is_own = number >= 0 or unit.judged
        whole = (*key, ends[0].keys[unit.number], pair.migration.source_over_ssh)
        kept = None if is_own else self._kept.get(whole)
        if kept is not None:
            own[key] = kept
            return kept
        migration = pair.migration
        assert isinstance(migration, _Watched)
        migration.looks.clear()
        result = outcome(unit.rule, pair, subject, guest, unit.role)
        if not migration.looks:
            own[key] = result
            if not is_own and self._number_kept[unit.number] < _MOST_KEPT:
                self._number_kept[unit.number] += 1
                self._kept[whole] = result
        return result

    def _capacity(self, pair: Pair, migration: Migration) -> Capacity:
        return capacity(pair.source, pair.destination, migration, every=self._asked.sizing)


def _names(target: Target) -> tuple[str, ...]:
    return tuple(filter(None, (target.text, target.host)))


def _units(rules: Sequence[Rule]) -> Iterator[_Unit]:
    number = 0
    for rule in rules:
        for subject, role in ((("", None),) if rule.per_guest else subjects(rule)):
            takes = tuple(
                tuple(
                    one.kind
                    for one in rule.parameters
                    if issubclass(one.kind, Fact) and (one.role or role) is end
                )
                for end in Role
            )
            judged = any(one.kind is Judged for one in rule.parameters)
            yield _Unit(rule, number, subject, role, (takes[0], takes[1]), judged)
            number += 1
