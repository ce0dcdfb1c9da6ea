"""Rehearses all guests of a run: one as a canary, then the others, a limited number at a time."""

import threading
from collections.abc import Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Final

from preflight.errors import UserError
from preflight.migrate.journal import JournalError
from preflight.migrate.lane import Lane
from preflight.migrate.settle import look_at_both
from preflight.migrate.turns import Starts, in_lanes
from preflight.rehearse.answer import Answer, Rehearsed, not_rehearsed
from preflight.rehearse.guest import Rehearsal, rehearse
from preflight.rehearse.traces import Marks
from preflight.schema.plan import PlannedGuest

#: Answers after which no further guest is rehearsed: the rehearsal has done what it never should.
_ENDS = (Answer.MOVED, Answer.DISTURBED)


#: Why a guest was not rehearsed whose turn had not come when the run was stopped.
STOPPED: Final = "the run was stopped before its turn"


class Lanes:
    """Rehearses guests. Each gets an answer, whatever happens."""

    def __init__(self, rehearsal: Rehearsal, marks: Mapping[str, Marks]) -> None:
        """Take the rehearsal and the marks of each guest by UUID."""
        self._rehearsal, self._run, self._marks = rehearsal, rehearsal.run, marks
        self._answers: dict[str, Rehearsed] = {}
        self._lock = threading.Lock()
        self._starts = Starts(rehearsal.run.plan.spacing)

    def rehearse(self, guests: Sequence[PlannedGuest]) -> Mapping[str, Rehearsed]:
        """Rehearse the guests in their order, the first alone; return the answers by UUID."""
        self._run.mark_logs(guests)
        first, *others = guests
        in_lanes([first], 1, self._lane)
        in_lanes(others, self._run.plan.width, self._lane)
        for guest in guests:
            if guest.uuid not in self._answers:
                self._answers[guest.uuid] = not_rehearsed(guest.name, guest.uuid, STOPPED)
        return dict(self._answers)

    def _lane(self, waiting: SimpleQueue[PlannedGuest]) -> None:
        lane = Lane(self._run)
        try:
            while not self._run.stopping.is_set():
                try:
                    guest = waiting.get_nowait()
                except Empty:
                    return
                self._starts.wait()
                answer = self._answer(guest, lane)
                with self._lock:
                    self._answers[guest.uuid] = answer
                if answer.answer in _ENDS:
                    self._run.stop(f"{guest.name} is not as it was before: no further guest is rehearsed")
        finally:
            lane.close()

    def _answer(self, guest: PlannedGuest, lane: Lane) -> Rehearsed:
        try:
            return rehearse(self._rehearsal, guest, self._marks[guest.uuid], lane)
        except (JournalError, UserError) as why:
            self._run.stop(str(why))
            return not_rehearsed(guest.name, guest.uuid, str(why))
        except Exception as bug:  # the other guests must finish, and the answer says where this one is
            said = f"a bug in preflight: {type(bug).__name__}: {bug}"
            self._run.stop(said)
            source, destination = look_at_both(self._run, guest.uuid)
            return Rehearsed(
                name=guest.name,
                uuid=guest.uuid,
                answer=Answer.DISTURBED,
                why=said,
                source=source.place,
                destination=destination.place,
            )
