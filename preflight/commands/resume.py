"""`preflight migrate --resume`: show what an interrupted run needs, ask, settle each guest, and migrate the rest."""

import contextlib
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from preflight.collect.endpoints import Opened, open_hosts
from preflight.collect.session import LiveVisit
from preflight.collect.sources import make_host
from preflight.commands.migrate import (
    Wanted,
    agree,
    asked_by,
    finish,
    live,
    of_all,
    refuse_unless_ready,
    refused,
    report_end,
    resumable,
    same_hosts,
)
from preflight.commands.run_check import rules_of
from preflight.commands.steer import refuse_postcopy, steer_first
from preflight.errors import UserError
from preflight.facts.fact import Unreadable
from preflight.facts.system.identity import HostIdentity
from preflight.host import Host
from preflight.judge.check import check, visit_both
from preflight.migrate import ledger, run_lock
from preflight.migrate.journal import Journal
from preflight.migrate.ledger import Ledger
from preflight.migrate.open import opened_run, opened_runs
from preflight.migrate.outlook import outlook
from preflight.migrate.past import Past, pasts
from preflight.migrate.proof import proven
from preflight.migrate.resume import left, recover
from preflight.migrate.same_host import SameHost
from preflight.migrate.scheduler import Lanes
from preflight.migrate.steer import Steering
from preflight.output.formats import render
from preflight.output.outlook import text as outlooks
from preflight.output.run import progress as shown_run
from preflight.plan.make import Refused
from preflight.plan.program_words import refuse_programs
from preflight.plan.unchanged import refuse_another_way, refuse_other_guests, refuse_other_hosts
from preflight.request.migration import Role
from preflight.schema.journal import Entry
from preflight.schema.plan import MigrationPlan, PlannedGuest
from preflight.threads import side_by_side
from preflight.visible import one_line


def resume(
    path: Path, wanted: Wanted, *, timeout: float, command: str = "migrate", steering: Steering | None = None
) -> int:
    """Continue a run of this command that was cut off, and return the exit code; raises `UserError`.

    Of a rehearsal no guest is rehearsed again: each that was begun is taken back. `steering` changes the migrations
    that are still under way, and the bandwidth and downtime of those that follow; after an abort none follows.
    """
    steering = steering or Steering()
    journal = Journal.resume(path)  # locked from here on, so that what is read and asked about stays true
    with contextlib.closing(journal):
        planned, entries = journal.read()
        if planned.rehearsal is not (command == "rehearse"):
            other = "rehearse" if planned.rehearsal else "migrate"
            raise UserError(f"{path}: the journal of another command: preflight {other} --resume {path}")
        refuse_programs(path, planned, journal.doubt, wanted.confirmed)
        refuse_postcopy(planned, steering)
        planned = steering.applied_to(planned)
        with open_hosts(asked_by(planned, [], timeout, wanted.site)) as opened:
            print("by the journal:", file=sys.stderr)
            sys.stderr.write(render("ledger", "text", Ledger(planned, ledger.of_journal(planned, entries))))
            try:
                refuse_another_way(planned, opened.migration.destination_uri)
                visits = live(visit_both(opened, dict.fromkeys(Role, (HostIdentity,))))
                refuse_other_hosts_now(planned, visits)
            except Refused as why:
                return refused(why)
            if (code := agree_to_settle([CutOff(journal, planned, entries, visits)], wanted)) is not None:
                return code
            try:
                with run_lock.held(visits[0], path, planned.guests):
                    journal.write("resumed")
                    go_on = partial(_go_on, journal, planned, entries, wanted, opened, visits, steering)
                    return of_all(planned, resumable(path, wanted.confirmed, go_on, command=command))
            except Refused as why:
                return refused(why)


def refuse_other_hosts_now(planned: MigrationPlan, visits: Sequence[LiveVisit]) -> None:
    """Raise `Refused` if a host that answers is not the one of the plan.

    Nothing is done on a host that does not answer; if its libvirt answers later, its UUID must be that of the plan.
    """
    answers = side_by_side(*(visit.first for visit in visits))
    for role, visit, given in zip(Role, visits, answers, strict=True):
        visit.end_libvirt()
        host = make_host(role, visit.name, given)
        if (why := _silent(host)) is None:
            refuse_other_hosts(planned, host)
        else:
            print(f"preflight: {one_line(f'the {role.value} does not answer: {why}')}", file=sys.stderr)


def _silent(host: Host) -> str | None:
    """Return why the libvirt of a host did not answer; None if it did."""
    if "libvirt.capabilities" in host.records:
        return None
    try:
        host.fact(HostIdentity)
    except Unreadable as why:
        return str(why)
    return None


class CutOff(Struct, frozen=True):
    """A run that is to be settled: its open journal, which is locked, what that says, and the logins at its hosts."""

    journal: Journal
    planned: MigrationPlan
    entries: Sequence[Entry]
    visits: tuple[LiveVisit, LiveVisit]

    @property
    def opening(self) -> tuple[MigrationPlan, tuple[SameHost, SameHost], Journal]:
        """What `opened_runs` takes."""
        return self.planned, same_hosts(self.planned, self.visits), self.journal

    @property
    def last(self) -> float:
        """The time at which the journal was last written, in seconds since the epoch."""
        return self.entries[-1].at if self.entries else self.planned.made


def agree_to_settle(cut_off: Sequence[CutOff], wanted: Wanted) -> int | None:
    """Show what will be done for each guest of these runs, and ask; return None if the user agrees, or an exit code."""
    with opened_runs([one.opening for one in cut_off], lambda _: None, wanted.settings) as runs:
        found = [each for one, run in zip(cut_off, runs, strict=True) for each in outlook(run, pasts(one.entries))]
        if any(run.interrupted for run in runs):
            raise KeyboardInterrupt
    sys.stderr.write(outlooks.text(found))
    last = max(one.last for one in cut_off)
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(last))
    which = "journal was" if len(cut_off) == 1 else "journals were"
    return agree(wanted.ask, f"the {which} last written {when}, {outlooks.age(time.time() - last)}: continue?")


def _go_on(
    journal: Journal,
    planned: MigrationPlan,
    entries: Sequence[Entry],
    wanted: Wanted,
    opened: Opened,
    visits: tuple[LiveVisit, LiveVisit],
    steering: Steering,
) -> int:
    found = pasts(entries)
    known = {guest.uuid: found.get(guest.uuid, Past()) for guest in planned.guests}
    with (
        shown_run.shown([one for one in planned.guests if not known[one.uuid].is_done], wanted.events) as tell,
        opened_run(planned, same_hosts(planned, visits), journal, tell, wanted.settings) as run,
    ):
        if planned.rehearsal:
            run.aborting.set()  # a rehearsal that still runs is what has to end
        if steering.acts:
            steer_first(run, known, steering)
        known |= proven(run, recover(run, known))
        remaining = () if planned.rehearsal or run.stopping.is_set() else left(run, known)
        if remaining and _may_go_on(planned, opened, remaining, journal.path):
            ended = Lanes(run, visits[0].run, visits[1].run).move(remaining, canary=False, known=_definitions(known))
            known |= proven(run, ended)
        rows = finish(run, known)
    return report_end(planned, rows, opened, wanted, interrupted=run.interrupted)


def _definitions(known: Mapping[str, Past]) -> dict[str, str]:
    return {uuid: one.xml for uuid, one in known.items() if one.xml}


def _may_go_on(planned: MigrationPlan, opened: Opened, remaining: Sequence[PlannedGuest], own: Path) -> bool:
    """Report whether the verdict for the remaining guests is READY; if not, the report says why."""
    asked = replace(opened.asked, guests=tuple(guest.uuid for guest in remaining))
    try:
        checked = check(replace(opened, asked=asked), rules_of(asked))
        refuse_other_hosts(planned, checked.source, checked.destination)
        refuse_unless_ready(checked, own)
        refuse_other_guests(remaining, checked)
    except (Refused, UserError) as why:
        print(f"preflight: the remaining guests are not migrated: {one_line(str(why))}", file=sys.stderr)
        return False
    return True
