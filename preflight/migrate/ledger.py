"""Reports where every guest of a plan is at the end, as both hosts say at that moment, and how each move went."""

from collections.abc import Mapping, Sequence
from functools import cache

from msgspec import Struct, convert, to_builtins

from preflight.migrate.decide import decide
from preflight.migrate.observation import Place, Sighting
from preflight.migrate.outcome import Intent, Result
from preflight.migrate.past import Past, pasts
from preflight.migrate.run import Run
from preflight.migrate.settle import look_at_both
from preflight.migrate.source_log import decided
from preflight.schema.journal import Entry, Over, SeenRow
from preflight.schema.plan import MigrationPlan, PlannedGuest


class Row(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One guest. `result` is None until the hosts have been asked. Times are in seconds."""

    name: str
    uuid: str
    result: Result | None = None
    source: Place | None = None
    destination: Place | None = None
    persistent: bool | None = None
    error: str | None = None
    why: str = ""
    #: The rule that explains the error; None if none does.
    rule: str | None = None
    seconds: float | None = None
    downtime: float | None = None
    #: True once the guest's move has begun.
    began: bool = False
    #: State files of a guest that is off of which the source keeps its own copy.
    kept: tuple[str, ...] = ()


class Ledger(Struct, frozen=True):
    """The rows of all guests of a plan."""

    plan: MigrationPlan
    rows: Sequence[Row]


def rows(run: Run, known: Mapping[str, Past]) -> tuple[Row, ...]:
    """Ask both hosts about every guest of the plan."""
    return tuple(_row(run, guest, known.get(guest.uuid, Past())) for guest in run.plan.guests)


def _row(run: Run, guest: PlannedGuest, past: Past) -> Row:
    source, destination = look_at_both(run, guest.uuid)
    decision, _ = decided(run.logs, guest.name, past.intent(run, guest), source, destination)
    result, why = decision.result, decision.why
    is_there = result is Result.ARRIVED
    return Row(
        name=guest.name,
        uuid=guest.uuid,
        result=result,
        source=source.place,
        destination=destination.place,
        persistent=(destination if is_there else source).persistent,
        error=None if is_there else past.error,
        # a shortcoming that was found on arrival still counts: nobody has checked it since
        why=why or ("" if is_there and past.result is not Result.ARRIVED else past.why),
        seconds=past.seconds,
        downtime=past.downtime,
        began=past.began,
        kept=past.kept,
    )


def judge(intent: Intent, source: Sighting, destination: Sighting) -> tuple[Result, str]:
    """Return what has become of a guest, with the reason if that is not obvious."""
    decision = decide(intent, source, destination)
    return decision.result, decision.why


def of_journal(plan: MigrationPlan, entries: Sequence[Entry]) -> tuple[Row, ...]:
    """Return the rows as far as the journal alone knows them.

    That is what the run's last end saw, and how the moves went that were begun since.
    """
    seen: dict[str, SeenRow] = {}
    since: set[str | None] = set()
    for entry in entries:
        if isinstance(entry, Over):
            seen, since = {row.uuid: row for row in entry.told.rows}, set()
        else:
            since.add(entry.guest)
    known = pasts(entries)
    return tuple(
        _of_seen(guest, seen[guest.uuid])
        if guest.uuid in seen and guest.uuid not in since
        else _of_past(guest, known.get(guest.uuid, Past()))
        for guest in plan.guests
    )


def _of_seen(guest: PlannedGuest, seen: SeenRow) -> Row:
    rule = seen.rule if seen.rule in _rules(seen.rule) else None
    known = to_builtins(seen) | {"name": guest.name, "rule": rule}
    return convert(known | {"source": _place(seen.source), "destination": _place(seen.destination)}, Row)


def _place(name: str | None) -> Place | None:
    """Return the place of that name; a name that only another version knows becomes `Place.OTHER`."""
    if name is None:
        return None
    return Place(name) if name in Place.__members__.values() else Place.OTHER


def _rules(name: str | None) -> frozenset[str]:
    """Return the names of all rules, loaded only if a rule is named: it is shown as a command to type."""
    return frozenset() if name is None else _names()


@cache
def _names() -> frozenset[str]:
    from preflight.judge.ruleset import load

    return frozenset(rule.name for rule in load())


def _of_past(guest: PlannedGuest, past: Past) -> Row:
    return Row(
        name=guest.name,
        uuid=guest.uuid,
        result=past.result,
        source=_place(past.source),
        destination=_place(past.destination),
        error=past.error,
        why=past.why,
        seconds=past.seconds,
        downtime=past.downtime,
        began=past.began,
        kept=past.kept,
    )
