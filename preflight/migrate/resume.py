"""Resumes an interrupted run: settles each guest whose move was begun, and finds those that can still be moved."""

import concurrent.futures
import contextlib
import threading
import time
from collections.abc import Mapping

from msgspec.structs import replace

from preflight.migrate import orders
from preflight.migrate.autostart import carry_over
from preflight.migrate.events import Event
from preflight.migrate.lane import Lane
from preflight.migrate.ledger import judge
from preflight.migrate.live import attend, end, move
from preflight.migrate.observation import IN_POSTCOPY
from preflight.migrate.outcome import Result
from preflight.migrate.past import Past
from preflight.migrate.run import Ended, Run
from preflight.migrate.settle import look_at_both, settle
from preflight.migrate.watch import POLL
from preflight.schema.plan import PlannedGuest
from preflight.threads import until

#: Most guests that are settled at the same time: their migrations ran side by side too.
AT_ONCE = 16


def recover(run: Run, known: Mapping[str, Past]) -> dict[str, Ended]:
    """Settle each guest whose move was begun and that had not arrived; return how its move ended, by UUID.

    A guest that is off is not settled: moving it again completes its move. Raises `JournalError` and `UserError`, after
    all other guests have been settled.
    """
    left = [guest for guest in run.plan.live if known[guest.uuid].began and not known[guest.uuid].is_done]
    # resuming a post-copy migration takes connections, like beginning one
    moving = threading.BoundedSemaphore(run.plan.width)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        settling = {guest.uuid: pool.submit(_recover, run, guest, known[guest.uuid], moving) for guest in left}
    return {uuid: each.result() for uuid, each in settling.items()}


def _recover(run: Run, guest: PlannedGuest, past: Past, moving: threading.BoundedSemaphore) -> Ended:
    guest = past.of_now(guest)
    if past.log_mark is not None:
        run.log_marks[guest.uuid] = past.log_mark
    attended = attend(run, guest, past.began_at)
    source, destination = look_at_both(run, guest.uuid)
    broken = source.is_broken_off or destination.is_broken_off or source.reason == IN_POSTCOPY
    if source.place.active and destination.place.active and broken:
        if source.is_broken_off and not destination.is_broken_off:
            _wait_until_noticed(run, guest)
        with moving, contextlib.closing(Lane(run)) as lane:
            return move(run, guest, lane, resume_postcopy=True)
    intent = replace(past.intent(run, guest), paused_by_us=attended.has_paused or past.paused_by_us)
    settled = carry_over(run, guest, settle(run, guest, intent, xml=past.xml))
    steered = orders.reason(run.journal.path, guest.uuid, past.began_at or 0.0)
    return end(run, guest, settled, intent, error=attended.stuck or past.error or steered)


def _wait_until_noticed(run: Run, guest: PlannedGuest) -> None:
    """Wait until the destination notices that post-copy was interrupted: libvirt has no call to make it notice."""
    run.tell(Event("waiting", guest.name, "the destination has not yet noticed that post-copy was interrupted"))
    is_time_left = until(run.settings.patience)
    while is_time_left() and not run.destination.look(guest.uuid).is_broken_off:
        time.sleep(POLL)


def left(run: Run, known: Mapping[str, Past]) -> tuple[PlannedGuest, ...]:
    """Return the guests that are still on the source and can be moved, in the plan's order."""
    found = []
    for guest in run.plan.guests:
        past = known[guest.uuid]
        if past.is_done:
            continue
        if judge(past.intent(run, guest), *look_at_both(run, guest.uuid))[0] is Result.STAYED:
            found.append(guest)
    return tuple(found)
