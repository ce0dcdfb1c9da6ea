"""Goes on with a run that was cut off: each guest that was begun is settled, and those that can be moved are named."""

from collections.abc import Mapping

from preflight.migrate.ledger import judge
from preflight.migrate.live import Lane, attend, carry_over, end, move
from preflight.migrate.past import Past
from preflight.migrate.recovery import Result
from preflight.migrate.run import Ended, Run
from preflight.migrate.settle import look_at_both, settle
from preflight.migrate.sighting import IN_POSTCOPY, POSTCOPY_FAILED
from preflight.plan import PlannedGuest


def recover(run: Run, known: Mapping[str, Past]) -> dict[str, Ended]:
    """How each guest that was begun and had not arrived has ended now, by UUID.

    One that is off is left to be moved again, which finishes what was begun.
    """
    return {
        guest.uuid: _recover(run, guest, known[guest.uuid])
        for guest in run.plan.live
        if known[guest.uuid].began and not known[guest.uuid].is_done
    }


def _recover(run: Run, guest: PlannedGuest, past: Past) -> Ended:
    attend(run, guest)
    source, destination = look_at_both(run, guest.uuid)
    broken = (IN_POSTCOPY, POSTCOPY_FAILED)
    if source.place.active and destination.place.active and (source.reason in broken or destination.reason in broken):
        lane = Lane(run)
        try:
            return move(run, guest, lane, resume_postcopy=True)
        finally:
            lane.close()
    intent = run.intent(guest, handed_over=past.handed_over, paused_by_us=past.paused_by_us)
    settled = settle(run, guest, intent, xml=past.xml)
    carry_over(run, guest, settled)
    return end(run, guest, settled, error=past.error)


def left(run: Run, known: Mapping[str, Past]) -> tuple[PlannedGuest, ...]:
    """The guests that are still on the source and can be moved, in the plan's order."""
    found = []
    for guest in run.plan.guests:
        past = known[guest.uuid]
        if past.is_done:
            continue
        intent = run.intent(guest, handed_over=past.handed_over, paused_by_us=past.paused_by_us)
        if judge(guest, intent, *look_at_both(run, guest.uuid))[0] is Result.STAYED:
            found.append(guest)
    return tuple(found)
