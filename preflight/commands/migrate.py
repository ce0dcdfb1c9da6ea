"""`preflight plan` and `migrate` from end to end: check, plan, ask, migrate, verify on both hosts, and report."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct

from preflight.collect.endpoints import Opened, open_hosts, reversed_hosts
from preflight.collect.session import LiveVisit, SavedVisit
from preflight.commands.next_command import to_resume
from preflight.commands.run_check import asked_for, rules_of
from preflight.connection.target import TargetError
from preflight.errors import UserError
from preflight.judge.check import Checked, check
from preflight.judge.explain import explaining
from preflight.judge.ready import Chosen, ready_only
from preflight.migrate import call, ledger, run_lock
from preflight.migrate import journal as journals
from preflight.migrate.journal import Journal
from preflight.migrate.ledger import Ledger, Row
from preflight.migrate.open import opened_run
from preflight.migrate.outcome import Result
from preflight.migrate.past import Past
from preflight.migrate.proof import proven
from preflight.migrate.run import Run, Settings
from preflight.migrate.same_host import SameHost
from preflight.migrate.scheduler import Lanes
from preflight.output.formats import render
from preflight.output.ledger.text import is_taken_back
from preflight.output.plan import text as shown_plan
from preflight.output.report import text
from preflight.output.run import progress as shown_run
from preflight.plan import file as plan_file
from preflight.plan import make as plans
from preflight.plan.digests import digests
from preflight.plan.make import Refused
from preflight.plan.program_words import refuse_programs
from preflight.plan.unchanged import as_checked, refuse_another_way, refuse_changed, refuse_other_hosts, says_who_it_is
from preflight.plan.width import pace
from preflight.request.check_request import Asked, Selection, Site
from preflight.request.method import Method
from preflight.request.migration import Transport
from preflight.schema.plan import MigrationPlan
from preflight.stdio import is_coloured
from preflight.visible import clean, one_line

#: The exit codes in addition to those of a verdict.
ARRIVED, NOT_ARRIVED, REFUSED, INTERRUPTED = 0, 4, 5, 130

Ask = Callable[[str], bool | None]


class Wanted(Struct, frozen=True, kw_only=True):
    """The settings of a run other than its guests and its method. Times are in seconds."""

    #: None if the user has agreed with --yes; the function returns None if nobody can answer.
    ask: Ask | None = None
    #: URIs that the user has given again, so that they are used from a file that others can read or replace.
    confirmed: tuple[str, ...] = ()
    journal: Path | None = None
    events: Path | None = None
    #: The file for the plan of the way back.
    back: Path | None = None
    settings: Settings = Settings()
    site: Site = Site()
    #: Leave the guests that are not READY where they are, instead of refusing all.
    ready_only: bool = False


#: Prepares a plan that a check has confirmed, such as by a rehearsal: returns the plan to continue with and its check,
#: or an exit code. Raises `Refused`.
Prepare = Callable[[MigrationPlan, Checked, Opened, Wanted], tuple[MigrationPlan, Checked] | int]


def as_it_is(
    planned: MigrationPlan, checked: Checked, _opened: Opened, _wanted: Wanted
) -> tuple[MigrationPlan, Checked] | int:
    """Write a plan without further preparation."""
    return planned, checked


def show_and_ask(
    planned: MigrationPlan, checked: Checked, _opened: Opened, wanted: Wanted
) -> tuple[MigrationPlan, Checked] | int:
    """Show the plan, and continue if the user agrees."""
    live(checked.visits)
    sys.stderr.write(clean(shown_plan.text(planned, checked.report)))
    code = agree(wanted.ask, "migrate?")
    return (planned, checked) if code is None else code


def make_plan(
    asked: Asked,
    method: Method,
    output: Path,
    *,
    at_once: int | None,
    lapses_after: float,
    wanted: Wanted,
    prepare: Prepare = as_it_is,
) -> int:
    """Check, prepare, write a plan, and return the exit code."""
    with open_hosts(asked) as opened:
        try:
            chosen = chosen_guests(opened, ready=wanted.ready_only)
            planned = planned_for(chosen, method, at_once=at_once, lapses_after=lapses_after)
            done = prepare(planned, chosen.checked, chosen.opened, wanted)
        except Refused as why:
            return refused(why)
    if isinstance(done, int):
        return done
    planned, checked = done
    plan_file.write(output, planned)
    sys.stdout.write(clean(shown_plan.text(planned, checked.report)))
    print(f"{output}: run it with `preflight migrate {output}`")
    return ARRIVED


def move(
    asked: Asked, method: Method, wanted: Wanted, *, at_once: int | None = None, prepare: Prepare = show_and_ask
) -> int:
    """Check, plan, prepare, migrate, and return the exit code; raises `UserError`."""
    with open_hosts(asked) as opened:
        call.refuse_unknown(method)
        try:
            chosen = chosen_guests(opened, ready=wanted.ready_only)
            planned = planned_for(chosen, method, at_once=at_once)
            done = prepare(planned, chosen.checked, chosen.opened, wanted)
        except Refused as why:
            return refused(why)
        return done if isinstance(done, int) else start(*done, chosen.opened, wanted)


def run_plan(path: Path, wanted: Wanted, *, timeout: float, prepare: Prepare = show_and_ask) -> int:
    """Run a plan from a file if nothing that it depends on has changed; return the exit code. Raises `UserError`."""
    planned, doubt = plan_file.read(path)
    if planned.rehearsal:
        raise UserError(
            f"{path}: this is the plan of a rehearsal, which cannot be run: see `preflight rehearse --help`"
        )
    refuse_programs(path, planned, doubt, wanted.confirmed)
    if time.time() > planned.lapses:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(planned.lapses))
        return refused(f"refused: the plan expired at {when}: make a new one")
    asked = asked_by(planned, [guest.name for guest in planned.guests], timeout, wanted.site)
    with open_hosts(asked) as opened:
        call.refuse_unknown(planned.method)
        try:
            refuse_another_way(planned, opened.migration.destination_uri)
            done = prepare(*confirmed(planned, opened), opened, wanted)
        except Refused as why:
            return refused(why)
        return done if isinstance(done, int) else start(*done, opened, wanted)


def confirmed(planned: MigrationPlan, opened: Opened) -> tuple[MigrationPlan, Checked]:
    """Check again; return the plan with the current limits and that check. Raises `Refused` if anything has changed."""
    rules = rules_of(opened.asked)
    checked = check(opened, rules)
    hosts = (checked.source, checked.destination)
    refuse_other_hosts(planned, *filter(says_who_it_is, hosts))  # before reporting what is wrong with another host
    refuse_unless_ready(checked)
    refuse_other_hosts(planned, *hosts)
    planned = as_checked(planned, checked, pace(checked, planned.width))
    refuse_changed(planned, digests(checked, rules))
    return planned, checked


def chosen_guests(opened: Opened, *, ready: bool = False) -> Chosen:
    """Check, and return the guests that go: all, or those that are READY. Raises `Refused` unless that says READY."""
    rules = rules_of(opened.asked)
    chosen = ready_only(opened, rules) if ready else Chosen(opened, check(opened, rules))
    refuse_unless_ready(chosen.checked)
    return chosen


def planned_for(
    chosen: Chosen, method: Method, *, at_once: int | None, lapses_after: float = plans.LAPSES_AFTER
) -> MigrationPlan:
    """Return the plan for the guests that go; raises `Refused` if the hosts' limits do not allow it."""
    asked, checked = chosen.opened.asked, chosen.checked
    return plans.plan(
        checked,
        method,
        pace(checked, at_once),
        digests(checked, rules_of(asked)),
        is_uri_given=asked.destination_uri is not None,
        ignore=asked.ignore,
        lapses_after=lapses_after,
        stays=chosen.stays,
    )


def refuse_unless_ready(checked: Checked, own: Path | None = None) -> None:
    """Raise `Refused` unless the verdict is READY, after printing the report to standard output.

    If a job runs on one of the guests because of another run, the refusal names that run. `own` is the journal of the
    run that calls this, if it holds its lock already.
    """
    try:
        plans.refuse_unless_ready(checked)
    except Refused as why:
        sys.stdout.write(text.render(checked.report, is_coloured()))
        source, busy = checked.visits[0], [guest.uuid for guest in checked.guests if guest.job]
        other = busy and isinstance(source, LiveVisit) and run_lock.others(source, busy, own=own)
        raise Refused(f"{why} ({other})") if other else why from None


def asked_by(planned: MigrationPlan, guests: Sequence[str], timeout: float, site: Site) -> Asked:
    """Return the request of the check for a run of this plan."""
    return asked_for(
        planned.source,
        planned.destination,
        Selection(guests=tuple(guests), as_they_are=True),
        planned.method,
        transport=Transport(planned.transport),
        destination_uri=planned.destination_uri if planned.is_uri_given else None,
        ignore=planned.ignore,
        site=site,
        timeout=timeout,
    )


def start(planned: MigrationPlan, checked: Checked, opened: Opened, wanted: Wanted) -> int:
    """Run the plan, to which the user has agreed, under a journal and a lock; return the exit code."""
    visits = live(checked.visits)
    path = wanted.journal or journals.default_path(planned.source, planned.destination)
    with contextlib.ExitStack() as stack:
        try:
            journal = stack.enter_context(recorded(path, planned, visits[0]))
        except Refused as why:
            return refused(why)
        print(f"journal      {path}", file=sys.stderr)
        run = partial(_run, planned, opened, visits, journal, wanted)
        return of_all(planned, resumable(path, wanted.confirmed, run))


@contextlib.contextmanager
def recorded(path: Path, planned: MigrationPlan, source: LiveVisit) -> Iterator[Journal]:
    """Create the journal of a run and hold its lock on the source; remove the journal if the lock cannot be had.

    Raises `JournalError`, and `Refused` if another run moves one of the guests.
    """
    with contextlib.ExitStack() as stack:
        # the journal first: the lock is named after it, and must not replace that of another run with this journal
        journal = stack.enter_context(contextlib.closing(Journal.create(path, planned)))
        try:
            stack.enter_context(run_lock.held(source, path, planned.guests))
        except BaseException:  # Ctrl-C too
            journal.discard()
            raise
        yield journal


def of_all(planned: MigrationPlan, code: int) -> int:
    """Return the exit code of a run for all guests that were selected: those that stayed have not arrived either."""
    return NOT_ARRIVED if code == ARRIVED and planned.stays else code


def resumable(journal: Path, confirmed: Sequence[str], run: Callable[[], int], *, command: str = "migrate") -> int:
    """Carry out a run; unless it is done or refused, the command that resumes it is the last line that is printed.

    After an exception too, Ctrl-C among them: whoever reports it prints its notes.
    """
    note = to_resume(command, journal, confirmed)
    try:
        code = run()
    except BaseException as why:
        why.add_note(note)
        raise
    if code not in (ARRIVED, REFUSED):
        print(note, file=sys.stderr)
    return code


def _run(
    planned: MigrationPlan, opened: Opened, visits: tuple[LiveVisit, LiveVisit], journal: Journal, wanted: Wanted
) -> int:
    with (
        shown_run.shown(planned.guests, wanted.events) as tell,
        opened_run(planned, same_hosts(planned, visits), journal, tell, wanted.settings) as run,
    ):
        journal.write("run")
        ended = Lanes(run, visits[0].run, visits[1].run).move(planned.guests, canary=True, known={})
        rows = finish(run, proven(run, ended))
    return report_end(planned, rows, opened, wanted, interrupted=run.interrupted)


def same_hosts(planned: MigrationPlan, visits: Sequence[LiveVisit]) -> tuple[SameHost, SameHost]:
    """Return both hosts, whose libvirt connections must lead to the machines that the plan names."""
    source, destination = visits
    return (
        SameHost(source, planned.source_identity),
        SameHost(destination, planned.destination_identity),
    )


def finish(run: Run, known: Mapping[str, Past]) -> tuple[Row, ...]:
    """Observe all guests once more, and write to the journal where they are."""
    rows = tuple(_explained(row) for row in ledger.rows(run, known))
    run.journal.note("over", rows=msgspec.to_builtins(rows), interrupted=run.interrupted)
    if run.journal.broken:
        print(f"preflight: the journal is incomplete: {one_line(run.journal.broken)}", file=sys.stderr)
    return rows


def _explained(row: Row) -> Row:
    """Return the row with the name of the rule that explains its error, if there is one."""
    return msgspec.structs.replace(row, rule=explaining(row.error)) if row.error else row


def report_end(
    planned: MigrationPlan, rows: Sequence[Row], opened: Opened, wanted: Wanted, *, interrupted: bool
) -> int:
    """Print the ledger, write the plan for the way back if requested, and return the exit code."""
    sys.stdout.write(render("ledger", "text", Ledger(planned, rows)))
    sys.stdout.flush()
    if planned.rehearsal:
        if all(map(is_taken_back, rows)):
            return ARRIVED
        return INTERRUPTED if interrupted else NOT_ARRIVED
    if wanted.back is not None:
        _plan_back(planned, rows, opened, wanted)
    if all(row.result is Result.ARRIVED and not row.why for row in rows):
        return ARRIVED
    return INTERRUPTED if interrupted else NOT_ARRIVED


def _plan_back(planned: MigrationPlan, rows: Sequence[Row], opened: Opened, wanted: Wanted) -> None:
    """Write the plan for the way back of the guests that arrived, if the verdict of a check is READY."""
    path = wanted.back
    assert path is not None
    arrived = [row.uuid for row in rows if row.result is Result.ARRIVED]
    if not arrived:
        print(f"preflight: {path}: not written: no guest has arrived", file=sys.stderr)
        return
    asked = asked_for(
        planned.destination,
        planned.source,
        Selection(guests=tuple(arrived), as_they_are=True),
        planned.method,
        transport=Transport(planned.transport),
        ignore=planned.ignore,
        site=wanted.site,
    )
    try:
        chosen = chosen_guests(reversed_hosts(opened, asked))
        back = planned_for(chosen, planned.method, at_once=None)
        plan_file.write(path, back)
    except (Refused, UserError) as why:
        print(f"preflight: {path}: not written: {one_line(str(why))}", file=sys.stderr)
        return
    except Exception as bug:  # the run is over, and its exit code stays
        print(
            f"preflight: {path}: not written: a bug in preflight: {type(bug).__name__}: {one_line(str(bug))}",
            file=sys.stderr,
        )
        return
    print(f"{path}: run it with `preflight migrate {path}` to migrate the guests back")


def agree(ask: Ask | None, question: str) -> int | None:
    """Return None if the user agrees, or the exit code."""
    if ask is None:
        return None
    agreed = ask(question)
    if agreed is None:
        return refused("refused: there is no terminal on which to ask for confirmation; use --yes")
    return None if agreed else REFUSED


def refused(why: Refused | str) -> int:
    """Print why nothing is done, and return the exit code."""
    print(f"preflight: {one_line(str(why))}", file=sys.stderr)
    return REFUSED


def live(visits: tuple[LiveVisit | SavedVisit, LiveVisit | SavedVisit]) -> tuple[LiveVisit, LiveVisit]:
    """Return both visits if they are to real hosts; raises `TargetError` for snapshots."""
    source, destination = visits
    if not (isinstance(source, LiveVisit) and isinstance(destination, LiveVisit)):
        raise TargetError("a guest cannot be migrated between snapshots: name real hosts")
    return source, destination
