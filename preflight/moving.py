"""`preflight plan`, `migrate` and `status` from end to end: check, plan, ask, move, look on both hosts, and say so."""

import contextlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
from msgspec import Struct

from preflight import journal as journals
from preflight import plan as plans
from preflight.asking import Asked, Opened, moved_by, open_hosts, reversed_hosts
from preflight.check import Checked, check, visit_both
from preflight.connection.target import TargetError
from preflight.errors import UserError
from preflight.explanation import explained
from preflight.journal import Entry, Journal
from preflight.method import Method
from preflight.migrate import ledger
from preflight.migrate.lanes import Lanes
from preflight.migrate.ledger import Row
from preflight.migrate.past import Past, of, past
from preflight.migrate.recover import left, recover
from preflight.migrate.recovery import Result
from preflight.migrate.run import Run, Settings
from preflight.migrate.session import opened_run
from preflight.migration import Transport
from preflight.output import ledger as ledgers
from preflight.output import plan as shown_plan
from preflight.output import run as shown_run
from preflight.output import text
from preflight.output.terminal import clean, one_line
from preflight.pace import pace
from preflight.plan import MigrationPlan, PlannedGuest, Refused
from preflight.ruleset import Rule, load, select
from preflight.visit import LiveVisit, SavedVisit

#: The exit codes beside those of a verdict.
ARRIVED, NOT_ARRIVED, REFUSED, INTERRUPTED = 0, 4, 5, 130

Ask = Callable[[str], bool | None]


class Wanted(Struct, frozen=True, kw_only=True):
    """What the user asks of a run, beside what is moved and how. Times are in seconds."""

    #: None when the user has agreed beforehand; it returns None where nobody can answer.
    ask: Ask | None = None
    journal: Path | None = None
    events: Path | None = None
    #: Where the plan for the way home is written.
    back: Path | None = None
    settings: Settings = Settings()


def asked_for(
    words: Sequence[str],
    method: Method,
    *,
    transport: Transport | None = None,
    destination_uri: str | None = None,
    offline: bool = False,
    only_running: bool = False,
    ignore: Sequence[str] = (),
    timeout: float = 60.0,
) -> Asked:
    """What a check has to be asked for this run; `words` are source, destination and guests."""
    source, destination, *guests = words
    asked = Asked(
        source=source,
        destination=destination,
        guests=tuple(guests),
        transport=transport,
        destination_uri=destination_uri,
        offline=offline,
        as_they_are=not (offline or only_running),
        ignore=tuple(ignore),
        sizing=True,
        timeout=timeout,
    )
    return moved_by(asked, method)


def make_plan(asked: Asked, method: Method, output: Path, *, at_once: int | None, lapses_after: float) -> int:
    """Check, and write the plan of what would be done; returns the exit code."""
    with open_hosts(asked) as opened:
        try:
            planned, checked = _plan(opened, method, at_once=at_once, lapses_after=lapses_after)
        except Refused as why:
            print(f"preflight: {why}", file=sys.stderr)
            return REFUSED
    plans.write(output, planned)
    sys.stdout.write(shown_plan.text(planned, checked.report))
    print(f"{output}: run it with `preflight migrate {output}`")
    return ARRIVED


def move(asked: Asked, method: Method, wanted: Wanted, *, at_once: int | None = None) -> int:
    """Check, plan, ask and move; returns the exit code. Raises `UserError`."""
    with open_hosts(asked) as opened:
        try:
            planned, checked = _plan(opened, method, at_once=at_once)
        except Refused as why:
            print(f"preflight: {why}", file=sys.stderr)
            return REFUSED
        return _ask_and_run(planned, checked, opened, wanted)


def run_plan(path: Path, wanted: Wanted, *, timeout: float) -> int:
    """Run a plan from a file, if what it rests on still holds; returns the exit code. Raises `UserError`."""
    planned = plans.read(path)
    if time.time() > planned.lapses:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(planned.lapses))
        print(f"preflight: refused: the plan lapsed at {when}: make a new one", file=sys.stderr)
        return REFUSED
    asked = _asked_by(planned, [guest.name for guest in planned.guests], timeout)
    with open_hosts(asked) as opened:
        try:
            rules = _rules(asked)
            checked = check(opened, rules)
            _refuse_unless_ready(checked)
            _refuse_if_changed(planned, checked, rules)
        except Refused as why:
            print(f"preflight: {why}", file=sys.stderr)
            return REFUSED
        return _ask_and_run(planned, checked, opened, wanted)


def resume(path: Path, wanted: Wanted, *, timeout: float) -> int:
    """Go on with a run that was cut off: settle each guest that was begun, then move what is left."""
    journal = Journal.resume(path)  # held from here on: what is read, and asked about, is how far it has come
    with contextlib.closing(journal):
        planned, entries = journals.read(path)
        sys.stderr.write(ledgers.text(planned, ledger.of_journal(planned, entries)))
        if (code := _agree(wanted.ask, "look where each guest is, and go on?")) is not None:
            return code
        return _go_on(journal, planned, entries, wanted, timeout)


def _go_on(journal: Journal, planned: MigrationPlan, entries: Sequence[Entry], wanted: Wanted, timeout: float) -> int:
    known = {guest.uuid: past(entries, guest.uuid) for guest in planned.guests}
    with open_hosts(_asked_by(planned, [], timeout)) as opened:
        journal.write("resumed")
        visits = _live(visit_both(opened))
        for visit in visits:
            visit.log_in()
        with (
            shown_run.shown(planned.guests, wanted.events) as tell,
            opened_run(planned, visits, journal, tell, wanted.settings) as run,
        ):
            known |= {uuid: of(ended) for uuid, ended in recover(run, known).items()}
            remaining = () if run.stopping.is_set() else left(run, known)
            if remaining and _may_go_on(opened, remaining):
                definitions = {uuid: one.xml for uuid, one in known.items() if one.xml}
                ended = Lanes(run, visits[0].run, visits[1].run).move(remaining, canary=False, known=definitions)
                known |= {uuid: of(one) for uuid, one in ended.items()}
            rows = _finish(run, known)
        return _tell(planned, rows, opened, wanted, interrupted=run.interrupted)


def _may_go_on(opened: Opened, remaining: Sequence[PlannedGuest]) -> bool:
    """Whether a check of what is left says READY; else the report says why not."""
    asked = replace(opened.asked, guests=tuple(guest.uuid for guest in remaining))
    try:
        _refuse_unless_ready(check(replace(opened, asked=asked), _rules(asked)))
    except Refused as why:
        print(f"preflight: what is left is not moved: {why}", file=sys.stderr)
        return False
    except UserError as why:
        print(f"preflight: what is left is not moved: {clean(str(why))}", file=sys.stderr)
        return False
    return True


def status(path: Path, output_format: str) -> str:
    """What a journal says of a run, without looking at a host. Raises `UserError`."""
    planned, entries = journals.read(path)
    return ledgers.FORMATS[output_format](planned, ledger.of_journal(planned, entries))


def _plan(
    opened: Opened, method: Method, *, at_once: int | None, lapses_after: float = plans.LAPSES_AFTER
) -> tuple[MigrationPlan, Checked]:
    asked = opened.asked
    rules = _rules(asked)
    checked = check(opened, rules)
    _refuse_unless_ready(checked)
    planned = plans.plan(
        checked,
        method,
        pace(checked, at_once),
        plans.digests(checked, rules),
        is_uri_given=asked.destination_uri is not None,
        ignore=asked.ignore,
        lapses_after=lapses_after,
    )
    return planned, checked


def _rules(asked: Asked) -> tuple[Rule, ...]:
    return select(load(asked.rules), ignore=asked.ignore)


def _refuse_unless_ready(checked: Checked) -> None:
    try:
        plans.refuse_unless_ready(checked)
    except Refused:
        sys.stdout.write(text.render(checked.report, sys.stdout.isatty()))
        raise


def _refuse_if_changed(planned: MigrationPlan, checked: Checked, rules: Sequence[Rule]) -> None:
    names = {guest.uuid: guest.name for guest in planned.guests}
    changed = plans.changed(planned.digests, plans.digests(checked, rules))
    if changed:
        shown = ", ".join(names.get(name.removeprefix("guest "), name) for name in changed)
        raise Refused(f"refused: changed since the plan was made: {one_line(shown)}")


def _asked_by(planned: MigrationPlan, guests: Sequence[str], timeout: float) -> Asked:
    return asked_for(
        [planned.source, planned.destination, *guests],
        planned.method,
        transport=Transport(planned.transport),
        destination_uri=planned.destination_uri if planned.is_uri_given else None,
        ignore=planned.ignore,
        timeout=timeout,
    )


def _ask_and_run(planned: MigrationPlan, checked: Checked, opened: Opened, wanted: Wanted) -> int:
    visits = _live(checked.visits)
    sys.stderr.write(clean(shown_plan.text(planned, checked.report)))
    if (code := _agree(wanted.ask, "migrate?")) is not None:
        return code
    path = wanted.journal or journals.default_path(planned.source, planned.destination)
    journal = Journal.create(path, planned)
    print(f"journal      {path}", file=sys.stderr)
    with contextlib.closing(journal):
        with (
            shown_run.shown(planned.guests, wanted.events) as tell,
            opened_run(planned, visits, journal, tell, wanted.settings) as run,
        ):
            journal.write("run")
            ended = Lanes(run, visits[0].run, visits[1].run).move(planned.guests, canary=True, known={})
            rows = _finish(run, {uuid: of(one) for uuid, one in ended.items()})
        return _tell(planned, rows, opened, wanted, interrupted=run.interrupted)


def _finish(run: Run, known: Mapping[str, Past]) -> tuple[Row, ...]:
    """Look at all guests once more, and write down where they are."""
    rows = tuple(explained(row) for row in ledger.rows(run, known))
    run.journal.note("over", rows=msgspec.to_builtins(rows), interrupted=run.interrupted)
    if run.journal.broken:
        print(f"preflight: the journal is not whole: {run.journal.broken}", file=sys.stderr)
    return rows


def _tell(planned: MigrationPlan, rows: Sequence[Row], opened: Opened, wanted: Wanted, *, interrupted: bool) -> int:
    sys.stdout.write(ledgers.text(planned, rows))
    sys.stdout.flush()
    if wanted.back is not None:
        _plan_back(planned, rows, opened, wanted.back)
    if all(row.result is Result.ARRIVED and not row.why for row in rows):
        return ARRIVED
    return INTERRUPTED if interrupted else NOT_ARRIVED


def _plan_back(planned: MigrationPlan, rows: Sequence[Row], opened: Opened, path: Path) -> None:
    """Write the plan for the way home of those that have arrived, if a check says that there is one."""
    arrived = [row.uuid for row in rows if row.result is Result.ARRIVED]
    if not arrived:
        print(f"preflight: {path}: no guest has arrived, so there is none to bring back", file=sys.stderr)
        return
    words = [planned.destination, planned.source, *arrived]
    asked = asked_for(words, planned.method, transport=Transport(planned.transport), ignore=planned.ignore)
    try:
        back, _ = _plan(reversed_hosts(opened, asked), planned.method, at_once=None)
        plans.write(path, back)
    except (Refused, UserError) as why:
        print(f"preflight: {path}: not written: {clean(str(why))}", file=sys.stderr)
        return
    except Exception as bug:  # the exit code is still that of the run, which is over
        print(f"preflight: {path}: not written: a bug in preflight: {type(bug).__name__}: {bug}", file=sys.stderr)
        return
    print(f"{path}: the way home, checked: `preflight migrate {path}`")


def _agree(ask: Ask | None, question: str) -> int | None:
    """None when it may go on, else the exit code."""
    if ask is None:
        return None
    agreed = ask(question)
    if agreed is None:
        print("preflight: refused: nobody is there to answer; use --yes", file=sys.stderr)
    return None if agreed else REFUSED


def _live(visits: tuple[LiveVisit | SavedVisit, LiveVisit | SavedVisit]) -> tuple[LiveVisit, LiveVisit]:
    source, destination = visits
    if not (isinstance(source, LiveVisit) and isinstance(destination, LiveVisit)):
        raise TargetError("a guest cannot be moved between snapshots: name real hosts")
    return source, destination
