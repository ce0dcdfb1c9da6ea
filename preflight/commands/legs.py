"""Runs side by side, each of a plan between two hosts of its own: they share the terminal, signals, and limits."""

import contextlib
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from preflight.collect.endpoints import Opened
from preflight.collect.session import LiveVisit
from preflight.commands.migrate import Wanted, finish, live, recorded, same_hosts
from preflight.judge.check import Checked
from preflight.migrate.journal import Journal
from preflight.migrate.ledger import Row
from preflight.migrate.open import opened_runs
from preflight.migrate.proof import proven
from preflight.migrate.run import Run
from preflight.migrate.scheduler import Lanes
from preflight.migrate.turns import Promises, Starts, side_by_side
from preflight.output.run import progress as shown_run
from preflight.plan.make import Refused, spacing
from preflight.request.migration import Role
from preflight.schema.plan import MigrationPlan, PlannedGuest
from preflight.visible import one_line


class Leg(Struct, frozen=True):
    """One of the runs: its plan, the check that it is made of, the open logins, and the path of its journal."""

    planned: MigrationPlan
    checked: Checked
    opened: Opened
    journal: Path

    @property
    def visits(self) -> tuple[LiveVisit, LiveVisit]:
        """The logins at both hosts; raises `TargetError` for snapshots."""
        return live(self.checked.visits)


class Ended(Struct, frozen=True):
    """The end of one of the runs: its guests, as both hosts report them."""

    leg: Leg
    rows: tuple[Row, ...]
    interrupted: bool


@contextlib.contextmanager
def prepared(legs: Sequence[Leg]) -> Iterator[tuple[Sequence[tuple[Leg, Journal]], Mapping[str, str]]]:
    """Create the journal of each run and hold its lock on its source, or remove the journal again.

    Yields the runs that can begin, and why others cannot, by destination. Raises `JournalError`.
    """
    with contextlib.ExitStack() as stack:
        begun: list[tuple[Leg, Journal]] = []
        refused: dict[str, str] = {}
        try:
            for leg in legs:
                try:
                    begun.append((leg, stack.enter_context(recorded(leg.journal, leg.planned, leg.visits[0]))))
                except Refused as why:
                    refused[leg.planned.destination] = str(why)
        except BaseException:  # Ctrl-C too
            for _, journal in begun:
                journal.discard()
            raise
        yield begun, refused


def move(
    legs: Sequence[tuple[Leg, Journal]], wanted: Wanted, *, stop_together: bool, most: int | None = None
) -> tuple[Ended, ...]:
    """Move the guests of all runs side by side, at most so many at a time; return how each run ended.

    The first guest of each run moves before its others.
    """
    guests = [guest for leg, _ in legs for guest in leg.planned.guests]
    groups = by_destination(leg.planned for leg, _ in legs)
    opening = [(leg.planned, same_hosts(leg.planned, leg.visits), journal) for leg, journal in legs]
    starts = _starts(legs)
    places = None if most is None else threading.BoundedSemaphore(most)
    promises = {leg.planned.destination: Promises() for leg, _ in legs}
    ended: list[Ended] = []
    bugs: list[BaseException] = []
    with (
        shown_run.shown(guests, wanted.events, groups) as tell,
        opened_runs(opening, tell, wanted.settings, stop_together=stop_together) as runs,
    ):

        def one(leg: Leg, run: Run) -> None:
            shells = [visit.run for visit in leg.visits]
            ends = leg.planned.source, leg.planned.destination
            try:
                run.journal.write("run")
                lanes = Lanes(run, *shells, starts=starts[ends[0]], promises=promises[ends[1]], places=places)
                done = lanes.move(leg.planned.guests, canary=True, known={})
                rows = finish(run, proven(run, done))
                ended.append(Ended(leg, rows, run.interrupted))
            except BaseException as why:  # the other runs must end as they would
                bugs.append(why)

        side_by_side([partial(one, leg, run) for (leg, _), run in zip(legs, runs, strict=True)])
    for bug in bugs[1:]:
        print(f"preflight: {type(bug).__name__}: {one_line(str(bug))}", file=sys.stderr)
    for bug in bugs:
        raise bug
    return tuple(ended)


def by_destination(plans: Iterable[MigrationPlan]) -> Mapping[str, Sequence[PlannedGuest]]:
    """Return the guests of all plans that go to each destination."""
    found: dict[str, list[PlannedGuest]] = {}
    for planned in plans:
        found.setdefault(planned.destination, []).extend(planned.guests)
    return found


def _starts(legs: Sequence[tuple[Leg, Journal]]) -> Mapping[str, Starts]:
    """Return the turns of each source: a limit of the source on starts counts those of all runs."""
    found: dict[str, float] = {}
    for leg, _ in legs:
        seconds = spacing(leg.checked, Role.SOURCE)
        found[leg.planned.source] = max(seconds, found.get(leg.planned.source, 0.0))
    return {source: Starts(seconds) for source, seconds in found.items()}
