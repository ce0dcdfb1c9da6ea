"""`preflight rehearse` after its check: ask, begin each migration and take it back, and report."""

import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from preflight.collect.endpoints import Opened
from preflight.collect.session import LiveVisit
from preflight.commands.made import made_now, taken_now
from preflight.commands.migrate import (
    Ask,
    agree,
    finish,
    live,
    recorded,
    refused,
    resumable,
    same_hosts,
)
from preflight.facts.fact import Unreadable
from preflight.host import Guest
from preflight.judge.check import Checked, save_pair
from preflight.judge.report import Verdict
from preflight.migrate import journal as journals
from preflight.migrate import run_lock
from preflight.migrate.end import End
from preflight.migrate.open import opened_run
from preflight.migrate.past import Past
from preflight.migrate.run import Settings
from preflight.output import formats
from preflight.output.report import text as report_text
from preflight.output.run import progress as shown_run
from preflight.output.terminal import listed, width, wrapped
from preflight.plan.make import Pace, Refused, planned_guest
from preflight.plan.width import pace
from preflight.rehearse.ahead import Ahead
from preflight.rehearse.answer import Answer, Rehearsed, not_rehearsed
from preflight.rehearse.guest import Rehearsal
from preflight.rehearse.keeps import keeps_by_check, keeps_by_method, keeps_by_traces
from preflight.rehearse.lanes import Lanes
from preflight.rehearse.limits import BANDWIDTH, LATEST
from preflight.rehearse.memory import memory_of
from preflight.rehearse.outcome import NOT_AS_BEFORE, Outcome, outcome
from preflight.rehearse.plan import plan
from preflight.rehearse.report import report_of
from preflight.rehearse.switch import HostSwitch
from preflight.rehearse.traces import Marks, look, marks_of
from preflight.request.method import Method
from preflight.schema.plan import MigrationPlan, PlannedGuest
from preflight.threads import side_by_side
from preflight.visible import clean

#: The guests of a rehearsal, each with where it may leave something.
Chosen: TypeAlias = list[tuple[PlannedGuest, Marks]]


class Wanted(Struct, frozen=True, kw_only=True):
    """The settings of a rehearsal other than its guests and its method."""

    #: None if the user has agreed with --yes.
    ask: Ask | None = None
    #: True to rehearse guests of which the check says NOT READY, and to run the destination's hook scripts.
    anyway: bool = False
    run_hooks: bool = False
    at_once: int = 1
    output_format: str = "text"
    #: Further files for the outcome, each with its format.
    files: tuple[tuple[str, Path], ...] = ()
    journal: Path | None = None
    events: Path | None = None
    #: The file for the answers of both hosts.
    save: Path | None = None
    #: Whether that file may replace another one.
    overwrite: bool = False
    settings: Settings = Settings()

    @property
    def options(self) -> tuple[str, ...]:
        """Return the options that a check does not have, as words of a command line."""
        given = (("--anyway", self.anyway), ("--run-hooks", self.run_hooks))
        words = [option for option, is_given in given if is_given]
        return (*([] if self.at_once == 1 else ["--at-once", str(self.at_once)]), *words)


def rehearse_checked(checked: Checked, opened: Opened, method: Method, wanted: Wanted) -> int:
    """Ask, rehearse the guests of a check, print the outcome, and return the exit code; raises `UserError`."""
    if wanted.save is not None:
        save_pair(wanted.save, checked, taken_now(opened.asked.site), overwrite=wanted.overwrite)
    if checked.report.verdict is not Verdict.READY and wanted.output_format == "text":
        report = replace(checked.report, made=made_now(checked.report.asked))
        sys.stdout.write(report_text.render(report, sys.stdout.isatty()))
    try:
        chosen, kept = choose(checked, method, wanted)
        if not chosen:
            return _tell(_outcome(checked, kept, wanted), wanted)
        planned = plan_of(checked, opened, method, chosen, wanted)
        announce(planned, kept)
        if (code := agree(wanted.ask, "rehearse?")) is not None:
            return code
        done = attempt(checked, planned, chosen, kept, wanted)
        side_by_side(*(visit.end for visit in live(checked.visits)))
        return _tell(done, wanted)
    except Refused as why:
        return refused(why)


def plan_of(checked: Checked, opened: Opened, method: Method, chosen: Chosen, wanted: Wanted) -> MigrationPlan:
    """Return the plan of the rehearsal of these guests, of which there is at least one; raises `Refused`."""
    width_of = Pace(wanted.at_once, "as requested", {}, calls=pace(checked, None).calls)
    is_uri_given = opened.asked.destination_uri is not None
    return plan(checked, method, [one for one, _ in chosen], width_of, is_uri_given=is_uri_given)


def attempt(
    checked: Checked, planned: MigrationPlan, chosen: Chosen, kept: Sequence[Rehearsed], wanted: Wanted
) -> Outcome:
    """Rehearse the guests that were chosen, to which the user has agreed, and return the outcome; raises `Refused`."""
    visits = live(checked.visits)
    marks = {one.uuid: mark for one, mark in chosen}
    path = wanted.journal or journals.default_path(planned.source, planned.destination)
    answers: dict[str, Rehearsed] = {}
    interrupted = False

    def run_all() -> int:
        nonlocal interrupted
        found, interrupted = run(planned, path, visits, marks, wanted)
        answers.update(found)
        return NOT_AS_BEFORE if any(one.answer is Answer.DISTURBED for one in answers.values()) else 0

    resumable(path, (), run_all, command="rehearse")
    return _outcome(checked, [*answers.values(), *kept], wanted, interrupted=interrupted)


def choose(checked: Checked, method: Method, wanted: Wanted) -> tuple[Chosen, list[Rehearsed]]:
    """Return the guests to rehearse with their marks, and the answers for those that must not be."""
    chosen: Chosen = []
    kept: list[Rehearsed] = []
    for guest in checked.guests:
        planned = planned_guest(guest, checked, Pace(1, "", {}))
        marks = _marks(checked, guest, method, wanted)
        if isinstance(marks, str):
            kept.append(not_rehearsed(guest.name, guest.uuid, marks))
        else:
            chosen.append((planned, marks))
    return chosen, kept


def _marks(checked: Checked, guest: Guest, method: Method, wanted: Wanted) -> Marks | str:
    """Return where the guest's rehearsal may leave something, or why the guest is not rehearsed."""
    hosts = checked.source, checked.destination
    try:
        marks = marks_of(guest, checked.destination, checked.report.migration)
    except Unreadable as unknown:
        return str(unknown)
    why = keeps_by_method(method) or keeps_by_check(
        guest, marks, checked.report, hosts, anyway=wanted.anyway, run_hooks=wanted.run_hooks
    )
    return marks if why is None else why


def run(
    planned: MigrationPlan,
    path: Path,
    visits: tuple[LiveVisit, LiveVisit],
    marks: Mapping[str, Marks],
    wanted: Wanted,
) -> tuple[Mapping[str, Rehearsed], bool]:
    """Rehearse the guests of the plan under a journal and a lock. Raises `Refused`.

    Returns the answers by UUID, and True if the user has interrupted the run.
    """
    with contextlib.ExitStack() as stack:
        # the shared one and that of the first lane, to each host
        hosts = [stack.enter_context(contextlib.closing(Ahead(host, 2))) for host in same_hosts(planned, visits)]
        journal = stack.enter_context(recorded(path, planned, visits[0]))
        tell = stack.enter_context(shown_run.shown(planned.guests, wanted.events))
        opens = opened_run(planned, hosts, journal, tell, wanted.settings)
        current = stack.enter_context(opens)
        journal.write("run")
        switch = HostSwitch(visits[0].run, run_lock.key_of(path))
        watching = stack.enter_context(contextlib.closing(End(visits[0].name, visits[0].connect, planned.calls)))
        rehearsal = Rehearsal(
            run=current,
            watching=watching,
            switch=switch,
            look=lambda marks: look(visits[1].run, marks),
            memory=lambda uuid: memory_of(visits[0].run, uuid),
            keeps=keeps_by_traces,
        )
        answers = Lanes(rehearsal, marks).rehearse(planned.guests)
        finish(current, {uuid: Past(began=one.seconds is not None) for uuid, one in answers.items()})
    return answers, current.interrupted


def announce(planned: MigrationPlan, kept: Sequence[Rehearsed]) -> None:
    """Print what will be done to which guests, on standard error."""
    names = listed([one.name for one in planned.guests])
    lines = [
        f"rehearse     {names}",
        f"from         {planned.source}",
        f"to           {planned.destination}  ({planned.destination_uri})",
        (
            f"how          each migration is begun at {BANDWIDTH} MiB/s and aborted after at most {LATEST:g} s; the"
            " guest keeps running on the source"
        ),
    ]
    if len(planned.guests) > 1:
        lines.append(f"at a time    the first alone, then {planned.width}")
    if kept:
        lines.append(f"not these    {listed([one.name for one in kept])}; the reasons follow at the end")
    wide = width()
    shown = [part for line in lines for part in wrapped(line, width=wide, indent=13)]
    sys.stderr.write(clean("\n".join(shown) + "\n"))


def _outcome(checked: Checked, answers: Sequence[Rehearsed], wanted: Wanted, *, interrupted: bool = False) -> Outcome:
    return outcome(
        replace(checked.report, made=made_now(checked.report.asked)),
        answers,
        at_once=wanted.at_once,
        predicted=checked.report.capacity.concurrent,
        interrupted=interrupted,
        options=wanted.options,
    )


def _tell(done: Outcome, wanted: Wanted) -> int:
    """Print the outcome, write it to files, and return the exit code; raises `UserError`."""
    formats.publish("rehearsal", wanted.output_format, report_of(done), wanted.files, colour=False)
    return done.exit_code
