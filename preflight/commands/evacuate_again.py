"""`preflight evacuate --resume`: settle what was cut off, plan anew for the guests that are left, ask, and go on."""

import contextlib
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from preflight.collect.endpoints import open_hosts
from preflight.commands.evacuate import continued, legs_home
from preflight.commands.evacuation import Manners, carried_out, told
from preflight.commands.legs import by_destination
from preflight.commands.migrate import Wanted, asked_by, finish, live, refused
from preflight.commands.resume import CutOff, agree_to_settle, refuse_other_hosts_now
from preflight.errors import UserError
from preflight.evacuate import record as records
from preflight.evacuate.rounds import Ended, Rounds
from preflight.evacuate.rows import Moved
from preflight.facts.system.identity import HostIdentity
from preflight.judge.check import visit_both
from preflight.migrate import run_lock
from preflight.migrate.journal import Journal
from preflight.migrate.ledger import of_journal
from preflight.migrate.open import opened_runs
from preflight.migrate.past import Past, pasts
from preflight.migrate.proof import proven
from preflight.migrate.resume import recover
from preflight.migrate.run import Run as OneRun
from preflight.migrate.runs import is_over
from preflight.migrate.turns import side_by_side
from preflight.output.run import progress as shown_run
from preflight.plan.make import Refused
from preflight.plan.program_words import refuse_programs
from preflight.plan.unchanged import refuse_another_way
from preflight.request.migration import Role
from preflight.schema.evacuation import Evacuation, Leg
from preflight.schema.journal import Entry
from preflight.schema.plan import MigrationPlan
from preflight.visible import one_line


def resume(path: Path, manners: Manners, *, timeout: float) -> int:
    """Continue an evacuation, and return the exit code; raises `UserError`.

    Ways that had failed are tried again: whoever resumes may have removed the cause.
    """
    return continued(path, manners, lambda one: _go_on(path, one, manners.wanted, timeout), timeout=timeout)


def _go_on(path: Path, rounds: Rounds, wanted: Wanted, timeout: float) -> int:
    rounds.record = rounds.record.model_copy(update={"closed": ()})
    try:
        with contextlib.ExitStack() as stack:
            if cut_off := _cut_off(path, rounds.record, wanted, timeout, stack):
                if (code := agree_to_settle(cut_off, wanted)) is not None:
                    return code
                for ended in _settled(cut_off, wanted):
                    rounds.take(ended)
    except Refused as why:
        return refused(why)
    return told(rounds, carried_out(path, rounds, partial(_remaining, rounds)))


def _remaining(rounds: Rounds) -> str | None:
    """Move the guests that are left, out or home; return why nothing was begun, if so."""
    if rounds.record.home:
        return rounds.once(legs_home(rounds)) if rounds.away() else None
    return rounds.run() if rounds.left() and rounds.plan_anew() else None


def _cut_off(
    path: Path, record: Evacuation, wanted: Wanted, timeout: float, stack: contextlib.ExitStack
) -> Sequence[CutOff]:
    """Return the runs that have to be settled, with their logins, journals and locks held by `stack`.

    Their plans have only guests that no later run was to move. Raises `Refused`.
    """
    files = [records.journals_of(path) / (leg.journal or "") for leg in record.runs]
    begun = [(leg, file) for leg, file in zip(record.runs, files, strict=True) if file.exists()]
    last = {uuid: file for leg, file in begun for uuid in leg.guests}
    found = []
    for leg, file in begun:  # others were cut off before anything was done
        journal = stack.enter_context(contextlib.closing(Journal.resume(file)))
        planned, entries = journal.read()
        unsettled = _unsettled(leg, planned, entries)
        guests = tuple(one for one in planned.guests if one.uuid in unsettled and last.get(one.uuid) == file)
        if not guests:
            continue
        planned = planned.model_copy(update={"guests": guests})
        refuse_programs(file, planned, journal.doubt, wanted.confirmed)
        opened = stack.enter_context(open_hosts(asked_by(planned, [], timeout, wanted.site)))
        refuse_another_way(planned, opened.migration.destination_uri)
        visits = live(visit_both(opened, dict.fromkeys(Role, (HostIdentity,))))
        refuse_other_hosts_now(planned, visits)
        stack.enter_context(run_lock.held(visits[0], file, planned.guests))
        found.append(CutOff(journal, planned, entries, visits))
    return found


def _unsettled(leg: Leg, planned: MigrationPlan, entries: Sequence[Entry]) -> frozenset[str]:
    """Return the UUIDs of the guests of a run that have to be looked for; all of a run that was cut off."""
    rows = of_journal(planned, entries)
    over = is_over(entries)
    return frozenset(row.uuid for row in rows if not (over and Moved(leg.source, leg.destination, row).is_settled))


def _settled(cut_off: Sequence[CutOff], wanted: Wanted) -> Sequence[Ended]:
    """Settle the guests of these runs side by side; return where each guest is. Nothing new is begun."""
    found: list[Ended] = []
    failed: list[UserError] = []

    def settle(one: CutOff, run: OneRun) -> None:
        known = {guest.uuid: pasts(one.entries).get(guest.uuid, Past()) for guest in one.planned.guests}
        try:
            one.journal.write("resumed")
            known |= proven(run, recover(run, known))
            found.append(Ended(one.planned.source, one.planned.destination, finish(run, known)))
        except UserError as why:  # the others are settled all the same
            failed.append(why)

    guests = [guest for one in cut_off for guest in one.planned.guests]
    with (
        shown_run.shown(guests, wanted.events, by_destination(one.planned for one in cut_off)) as tell,
        opened_runs([one.opening for one in cut_off], tell, wanted.settings) as runs,
    ):
        side_by_side([partial(settle, one, run) for one, run in zip(cut_off, runs, strict=True)])
    for why in failed:
        print(f"preflight: {one_line(str(why))}", file=sys.stderr)
    return found
