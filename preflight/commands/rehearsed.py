"""`--rehearse` of `preflight migrate` and `plan`: continue only if libvirt accepts the guests in a rehearsal."""

import sys
import time
from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from preflight.collect.endpoints import Opened
from preflight.commands import migrate, rehearse
from preflight.judge.check import Checked
from preflight.judge.report import Verdict
from preflight.output import formats
from preflight.output.plan import text as shown_plan
from preflight.plan.make import Refused
from preflight.rehearse.answer import Answer, Rehearsed
from preflight.rehearse.outcome import INTERRUPTED, NOT_AS_BEFORE, Outcome
from preflight.rehearse.report import report_of
from preflight.schema.plan import MigrationPlan, RehearsedGuests
from preflight.visible import clean, named, one_line


class Accepted(Struct, frozen=True):
    """What a rehearsal before a run says."""

    #: The plan for the guests that are moved, and its check; None if there are none.
    confirmed: tuple[MigrationPlan, Checked] | None
    #: Why libvirt does not accept other guests, by UUID.
    refused: Mapping[str, str]
    #: The exit code of a rehearsal after which nothing may be begun: it was interrupted, or left a guest not as before.
    code: int | None = None

    @property
    def is_disturbed(self) -> bool:
        """Report whether a guest is not where and as it was before."""
        return self.code == NOT_AS_BEFORE


def accepted(planned: MigrationPlan, checked: Checked, opened: Opened, wanted: migrate.Wanted) -> Accepted:
    """Rehearse the guests of a plan, to which the user has agreed, and check again if all of them are accepted.

    Guests that cannot be rehearsed stay in the plan.
    """
    rehearsal, chosen, kept = _chosen(planned, checked, wanted)
    for one in kept:
        print(one_line(f"not rehearsed: {named(one.name)}: {one.why}"), file=sys.stderr)
    if not chosen:
        return Accepted((planned, checked), {})
    done = _attempt(planned, checked, opened, (rehearsal, chosen, kept))
    formats.deliver("rehearsal", "text", report_of(done))
    tried = {one.uuid for one, _ in chosen}
    refused = {
        one.rehearsed.uuid: one.rehearsed.why or one.rehearsed.error or one.rehearsed.answer.value
        for one in done.guests
        if one.rehearsed.uuid in tried and one.rehearsed.answer is not Answer.ACCEPTED
    }
    if (code := _ends(done)) is not None or refused:
        return Accepted(None, refused, code)
    try:
        return Accepted(_confirmed(planned, opened, done), {})
    except Refused as why:
        return Accepted(None, dict.fromkeys((guest.uuid for guest in planned.guests), str(why)))


def rehearse_first(
    planned: MigrationPlan, checked: Checked, opened: Opened, wanted: migrate.Wanted
) -> tuple[MigrationPlan, Checked] | int:
    """Show the plan, ask, rehearse its guests, as many at once as it migrates at once, and check again.

    Returns the plan with what was rehearsed and its new check, or an exit code; raises `Refused` if no guest can be
    rehearsed, or if anything has changed in the meantime.
    """
    rehearsal, chosen, kept = _chosen(planned, checked, wanted)
    sys.stderr.write(clean(shown_plan.text(planned, checked.report)))
    for one in kept:
        print(one_line(f"not rehearsed: {named(one.name)}: {one.why}"), file=sys.stderr)
    if not chosen:
        raise Refused("refused: none of the guests can be rehearsed; omit --rehearse to continue without a rehearsal")
    if (code := migrate.agree(wanted.ask, "rehearse, then continue?")) is not None:
        return code
    done = _attempt(planned, checked, opened, (rehearsal, chosen, kept))
    formats.deliver("rehearsal", "text", report_of(done))
    if (code := code_of(done)) is not None:
        return code
    return _confirmed(planned, opened, done)


_Chosen: TypeAlias = tuple[rehearse.Wanted, rehearse.Chosen, list[Rehearsed]]


def _chosen(planned: MigrationPlan, checked: Checked, wanted: migrate.Wanted) -> _Chosen:
    """Return how the guests of a plan are rehearsed, which ones are, and the answers for the others."""
    rehearsal = rehearse.Wanted(at_once=planned.width, settings=replace(wanted.settings, goes_on=True))
    return (rehearsal, *rehearse.choose(checked, planned.method, rehearsal))


def _attempt(planned: MigrationPlan, checked: Checked, opened: Opened, choice: _Chosen) -> Outcome:
    rehearsal, chosen, kept = choice
    its_plan = rehearse.plan_of(checked, opened, planned.method, chosen, rehearsal)
    return rehearse.attempt(checked, its_plan, chosen, kept, rehearsal)


def _confirmed(planned: MigrationPlan, opened: Opened, done: Outcome) -> tuple[MigrationPlan, Checked]:
    """Return the plan after its rehearsal, with a new check; raises `Refused` if anything has changed."""
    planned, checked = migrate.confirmed(planned, opened)
    accepted_ones = tuple(one.rehearsed.uuid for one in done.guests if one.rehearsed.answer is Answer.ACCEPTED)
    return planned.model_copy(update={"rehearsed": RehearsedGuests(at=time.time(), guests=accepted_ones)}), checked


def code_of(done: Outcome) -> int | None:
    """Return the exit code of a command that its rehearsal ends, after printing why; None if it may continue."""
    if (code := _ends(done)) is not None:
        return code
    if done.verdict is Verdict.READY:
        return None
    verdict = done.verdict.value.replace("-", " ").upper()
    return migrate.refused(f"refused: the rehearsal says {verdict}")


def _ends(done: Outcome) -> int | None:
    """Return the exit code of a rehearsal after which nothing may be begun; None if something may."""
    return done.exit_code if done.exit_code in (NOT_AS_BEFORE, INTERRUPTED) else None
