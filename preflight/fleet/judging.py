"""The results of all units on one way after another, of which each is found once for the same facts."""

from collections.abc import Hashable, Iterable, Sequence

from msgspec import Struct

from preflight.facts.fact import Fact
from preflight.fleet.alike import Alike
from preflight.fleet.content import Related
from preflight.fleet.ends import End, Source
from preflight.fleet.kept import Kept
from preflight.fleet.units import Found, Settled, Subject, Unit, subjects_of
from preflight.fleet.watched import Look, SentPair, WatchedDestination, WatchedMigration
from preflight.judge.evaluate import outcome
from preflight.judge.report import Outcome, Result

#: Maximum number of results that are kept of one rule for all sources, and of answers that are known to occur.
_MOST_KEPT, _MOST_MET = 20_000, 200_000
#: Outcomes of which a report on many hosts has nothing to say.
_SILENT = frozenset((Outcome.PASSED, Outcome.NOT_APPLICABLE))


class Met(Struct, frozen=True):
    """A way, with what both hosts have answered about each other."""

    source: Source
    destination: End
    here: Related
    there: Related
    migration: WatchedMigration

    @property
    def said(self) -> Hashable:
        """Return the content of these answers."""
        return self.here.said, self.there.said

    def pair(self, watching: WatchedDestination | None = None) -> SentPair:
        """Return the pair that rules are applied to."""
        source = self.source
        return SentPair(self.here, self.there, self.migration, source.guests, source.sent, watching)


class _Way(Struct, frozen=True):
    """A way that is being judged."""

    met: Met
    #: The pair, and the pair whose destination remembers what is looked at.
    pair: SentPair
    watched: SentPair
    watching: WatchedDestination
    #: The units that take facts which the answers about each other change.
    apart: frozenset[int]
    #: True if another way had the same answers.
    is_known: bool
    #: Results for all ways from this source, and for those with the same answers.
    results: dict[tuple[int, int], Kept[Look, Result]]
    by_answers: dict[tuple[int, int], Kept[Look, Result]]


class Judging:
    """Judges ways by the same units.

    Those whose facts most destinations have alike have the same results for all destinations that agree in them: one
    look finds them together. If their facts also depend on what the hosts have answered about each other, these answers
    must agree too. The results of all other units are looked up one by one, by what the rule has looked at.
    """

    def __init__(self, units: Sequence[Unit], alike: Alike) -> None:
        """Take the units, and those of them whose facts many destinations have alike."""
        self._units, self._alike = units, alike
        self._kept: dict[Hashable, Kept[Look, Result]] = {}
        self._number_kept = [0] * len(units)
        #: By their hashes: two that have one in common are only looked up in vain.
        self._met: set[int] = set()
        self._units_apart: dict[tuple[frozenset[type[Fact]], frozenset[type[Fact]]], frozenset[int]] = {}

    def results(self, met: Met) -> tuple[Result, ...]:
        """Return what is wrong or unknown on a way, in the order of rules, then subjects."""
        way = self._way(met)
        settled = self._settled(way)
        found = list(settled.results)
        for one in settled.alone:
            result, _ = self._result(way, one)
            if result.outcome not in _SILENT:
                found.append((one.unit.number, one.place, result))
        return tuple(result for _, _, result in sorted(found, key=lambda one: one[:2]))

    def _way(self, met: Met) -> _Way:
        watching, said, manner = WatchedDestination(met.there), hash(met.said), met.migration.kind
        is_known = said in self._met
        if not is_known and len(self._met) < _MOST_MET:
            self._met.add(said)
        results = met.source.results
        return _Way(
            met,
            met.pair(),
            met.pair(watching),
            watching,
            self._apart(met.here.own, met.there.own),
            is_known,
            results.setdefault(manner, {}),
            results.setdefault((manner, met.said), {}) if is_known else {},
        )

    def _settled(self, way: _Way) -> Settled:
        """Return what is the same for all destinations that are alike, and of these for those with the same answers."""
        settled = way.met.source.settled
        kind: tuple[Hashable, ...] = (
            self._alike.kind(way.met.destination.keys),
            way.apart,
            way.met.migration.kind,
        )
        of_kind = settled.get(kind)
        if of_kind is None:
            alike, left = self._parted(way)
            of_kind = settled[kind] = self._with(way, left, alike)
        if not of_kind.by_answers:
            return of_kind
        kind = (*kind, way.met.said)
        if kind not in settled:
            settled[kind] = self._with(way, of_kind, of_kind.by_answers)
        return settled[kind]

    def _parted(self, way: _Way) -> tuple[tuple[Subject, ...], Settled]:
        """Return the subjects of this source that are settled by the kind of the destination, and the others."""
        parted = way.met.source.parted
        if way.apart not in parted:
            subjects = subjects_of(self._units, way.pair.guests)
            shared, changed = self._alike.units - way.apart, self._alike.units & way.apart
            alike = tuple(one for one in subjects if one.unit.number in shared)
            by_answers = tuple(one for one in subjects if one.unit.number in changed)
            alone = tuple(one for one in subjects if one.unit.number not in self._alike.units)
            parted[way.apart] = alike, Settled((), by_answers, alone)
        return parted[way.apart]

    def _with(self, way: _Way, settled: Settled, subjects: Iterable[Subject]) -> Settled:
        """Return what is settled, with the results of further subjects; those with none of their own are left alone."""
        found, alone = list[Found](), list[Subject]()
        for one in subjects:
            result, is_kept = self._result(way, one)
            if not is_kept:
                alone.append(one)
            elif result.outcome not in _SILENT:
                found.append((one.unit.number, one.place, result))
        return Settled((*settled.results, *found), settled.by_answers, (*settled.alone, *alone))

    def _apart(self, here: frozenset[type[Fact]], there: frozenset[type[Fact]]) -> frozenset[int]:
        """Return the units that take facts which are this pair's own."""
        key = (here, there)
        if key not in self._units_apart:
            self._units_apart[key] = frozenset(
                unit.number
                for unit in self._units
                if not (here.isdisjoint(unit.takes[0]) and there.isdisjoint(unit.takes[1]))
            )
        return self._units_apart[key]

    def _result(self, way: _Way, one: Subject) -> tuple[Result, bool]:
        """Return the result of a unit, and whether it is that of all ways with the same facts.

        It is not if the unit looks at the destination's URI.
        """
        unit, destination, migration = one.unit, way.met.destination, way.met.migration
        number = unit.number
        is_apart = number in way.apart
        if is_apart and not way.is_known:
            migration.looks.clear()
            return outcome(unit.rule, way.pair, one.subject, one.guest, unit.role), not migration.looks
        results = way.by_answers if is_apart else way.results
        own = results.get((number, one.place))
        if own is None:  # there may be results from another source with the same facts
            own = results[number, one.place] = self._of_all_sources(way, one, is_apart=is_apart)
        unreadable = destination.unreadable[number]
        if unreadable and is_apart:
            unreadable = frozenset(look for look in unreadable if look.kind not in way.met.there.own)
        kept = own.find(destination.content, unreadable)
        if kept is not None:
            return kept, True
        migration.looks.clear()
        way.watching.seen.clear()
        result = outcome(unit.rule, way.watched, one.subject, one.guest, unit.role)
        if migration.looks:
            return result, False
        is_shared = _is_shared(one)
        if not (is_shared and self._number_kept[number] >= _MOST_KEPT):
            self._number_kept[number] += is_shared
            own.add(tuple(way.watching.seen), destination.content, result)
        return result, True

    def _of_all_sources(self, way: _Way, one: Subject, *, is_apart: bool) -> Kept[Look, Result]:
        """Return the results of a unit that are the same for all sources with the same facts."""
        if not _is_shared(one):
            return Kept()
        key = (
            one.unit.number,
            way.met.source.end.keys[one.unit.number],
            way.met.migration.kind,
            way.met.said if is_apart else None,
        )
        return self._kept.setdefault(key, Kept())


def _is_shared(one: Subject) -> bool:
    """Report whether sources with the same facts have the same result, whatever their guests are."""
    return one.place < 0 and not one.unit.takes_guests
