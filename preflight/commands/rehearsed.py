"""`--rehearse` of `preflight migrate` and `plan`: continue only if libvirt accepts the guests in a rehearsal."""

import sys
import time

from msgspec.structs import replace

from preflight.collect.endpoints import Opened
from preflight.commands import migrate, rehearse
from preflight.judge.check import Checked
from preflight.judge.report import Verdict
from preflight.output import formats
from preflight.output.plan import text as shown_plan
from preflight.plan.make import Refused
from preflight.rehearse.answer import Answer
from preflight.rehearse.outcome import INTERRUPTED, NOT_AS_BEFORE, Outcome
from preflight.rehearse.report import report_of
from preflight.schema.plan import MigrationPlan, RehearsedGuests
from preflight.visible import clean, named, one_line


def rehearse_first(
    planned: MigrationPlan, checked: Checked, opened: Opened, wanted: migrate.Wanted
) -> tuple[MigrationPlan, Checked] | int:
    """Show the plan, ask, rehearse its guests, as many at once as it migrates at once, and check again.

    Returns the plan with what was rehearsed and its new check, or an exit code; raises `Refused` if no guest can be
    rehearsed, or if anything has changed in the meantime.
    """
    rehearsal = rehearse.Wanted(at_once=planned.width, settings=replace(wanted.settings, goes_on=True))
    chosen, kept = rehearse.choose(checked, planned.method, rehearsal)
    sys.stderr.write(clean(shown_plan.text(planned, checked.report)))
    for one in kept:
        print(one_line(f"not rehearsed: {named(one.name)}: {one.why}"), file=sys.stderr)
    if not chosen:
        raise Refused("refused: none of the guests can be rehearsed; omit --rehearse to continue without a rehearsal")
    if (code := migrate.agree(wanted.ask, "rehearse, then continue?")) is not None:
        return code
    its_plan = rehearse.plan_of(checked, opened, planned.method, chosen, rehearsal)
    done = rehearse.attempt(checked, its_plan, chosen, kept, rehearsal)
    formats.deliver("rehearsal", "text", report_of(done))
    if (code := code_of(done)) is not None:
        return code
    planned, checked = migrate.confirmed(planned, opened)
    accepted = tuple(one.rehearsed.uuid for one in done.guests if one.rehearsed.answer is Answer.ACCEPTED)
    return planned.model_copy(update={"rehearsed": RehearsedGuests(at=time.time(), guests=accepted)}), checked


def code_of(done: Outcome) -> int | None:
    """Return the exit code of a command that its rehearsal ends, after printing why; None if it may continue."""
    if done.exit_code in (NOT_AS_BEFORE, INTERRUPTED):
        return done.exit_code
    if done.verdict is Verdict.READY:
        return None
    verdict = done.verdict.value.replace("-", " ").upper()
    return migrate.refused(f"refused: the rehearsal says {verdict}")
