"""Runs a whole plan: the canary first, the other active guests on the plan's lanes, then the guests that are off."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from queue import Empty, SimpleQueue

from preflight.errors import UserError
from preflight.migrate.events import Event
from preflight.migrate.journal import JournalError
from preflight.migrate.lane import Lane
from preflight.migrate.live import Busy, end, move
from preflight.migrate.offline import move_off
from preflight.migrate.outcome import Decision, Result
from preflight.migrate.root_shell import Shell
from preflight.migrate.run import Ended, Run
from preflight.migrate.settle import Settled, look_at_both
from preflight.migrate.turns import Promises, Starts, in_lanes
from preflight.request.migration import Mode
from preflight.schema.plan import PlannedGuest

#: Seconds between two readings of the destination's free memory while a guest waits for it.
LOOK_AGAIN = 1.0


class Lanes:
    """Moves guests, a limited number at a time. Each guest whose move was begun gets an `Ended`, whatever happens."""

    def __init__(
        self,
        run: Run,
        source: Shell,
        destination: Shell,
        *,
        starts: Starts | None = None,
        promises: Promises | None = None,
        places: AbstractContextManager[object] | None = None,
    ) -> None:
        """Take the run, and the shells of both hosts for the state files of guests that are off.

        `starts` are those from the source, and `promises` those on the destination, if other runs share them. `places`
        is entered by each migration while it is under way, if the number of those of several runs is limited.
        """
        self._run, self._shells = run, (source, destination)
        own = Starts(run.plan.spacing)
        self._starts = (own,) if starts is None else (own, starts)
        self._promises = promises or Promises()
        self._places = places or contextlib.nullcontext()
        self._ended: dict[str, Ended] = {}
        self._lock = threading.Lock()

    def move(self, guests: Sequence[PlannedGuest], *, canary: bool, known: dict[str, str]) -> dict[str, Ended]:
        """Move the guests in their order; return how each move that was begun ended, by UUID.

        `known` has definitions from an earlier run's journal, by UUID.
        """
        live = [guest for guest in guests if guest.active]
        off = [guest for guest in guests if not guest.active]
        self._run.mark_logs(live)
        self._place_starter(live)
        if canary and len(live) > 1:
            first, *live = live
            in_lanes([first], 1, self._lane)
        in_lanes(live, self._run.plan.width, self._lane)
        lane = Lane(self._run)
        try:
            for guest in off:
                if self._run.stopping.is_set():
                    break
                text = known.get(guest.uuid)
                self._keep(guest, partial(move_off, self._run, guest, lane, *self._shells, known=text))
        finally:
            lane.close()
        return dict(self._ended)

    def _place_starter(self, guests: Sequence[PlannedGuest]) -> None:
        """Leave a process on the source that starts guests if preflight dies, where their migrations outlive it."""
        method = self._run.plan.method
        if not guests or method.mode is Mode.MANAGED or not method.is_safe:
            return
        if why := self._run.starter.place():
            left = "guests that migrate when preflight dies stay paused on the destination until --resume"
            self._run.tell(Event("note", None, f"{left}: {why}"))

    def _lane(self, waiting: SimpleQueue[PlannedGuest]) -> None:
        lane = Lane(self._run)
        try:
            while not self._run.stopping.is_set():
                try:
                    guest = waiting.get_nowait()
                except Empty:
                    return
                with self._places:
                    if self._may_start(guest):
                        self._keep(guest, partial(move, self._run, guest, lane))
                        self._promises.end(guest.uuid)
        finally:
            lane.close()

    def _keep(self, guest: PlannedGuest, moves: Callable[[], Ended]) -> None:
        try:
            ended = moves()
        except Busy as why:
            self._run.tell(Event("note", guest.name, str(why)))
            if not self._run.settings.goes_on:
                self._run.stop(str(why))
            return
        except (JournalError, UserError) as why:
            self._run.stop(str(why))
            return
        except Exception as bug:  # the other guests must finish, and the ledger reports where this one is
            said = f"a bug in preflight: {type(bug).__name__}: {bug}"
            self._run.stop(said)
            ended = self._cut_off(guest, said)
        with self._lock:
            self._ended[guest.uuid] = ended
        if not ended.arrived and not self._run.settings.goes_on:
            self._run.stop(f"{guest.name} did not arrive: no further guest is sent to {self._run.plan.destination}")

    def _cut_off(self, guest: PlannedGuest, why: str) -> Ended:
        """Return the end of a guest whose move was begun but, as far as is known, never settled."""
        here, there = look_at_both(self._run, guest.uuid)
        is_handed_over = guest.uuid in self._run.handed_over
        settled = Settled(Decision((), Result.UNKNOWN, why), here, there)
        return end(self._run, guest, settled, self._run.intent(guest, handed_over=is_handed_over))

    def _may_start(self, guest: PlannedGuest) -> bool:
        """Wait for memory on the destination and for the guest's turn; return False if it must not be started."""
        with self._promises.deciding:
            if not self._has_room(guest):
                return False
            self._promises.make(guest.uuid, guest.touched_kib)
            for starts in self._starts:
                starts.wait()
            if self._run.stopping.is_set():
                self._promises.end(guest.uuid)
                return False
            return True

    def _has_room(self, guest: PlannedGuest) -> bool:
        """Wait for memory on the destination; return False if there is none, or if the run is stopped."""
        told = False
        while not self._run.stopping.is_set():
            room, promised = self._run.room(), self._promises.total
            left = None if room is None else room - promised
            if left is None or left >= guest.touched_kib:
                return True
            if not promised:
                text = f"the destination has {left // 1024} MiB left, the guest needs {guest.touched_kib // 1024} MiB"
                self._run.tell(Event("note", guest.name, f"not started: {text}"))
                if not self._run.settings.goes_on:
                    self._run.stop(f"{guest.name}: {text}")
                return False
            if not told:
                self._run.tell(Event("waiting", guest.name, "waiting for memory on the destination"))
                told = True
            time.sleep(LOOK_AGAIN)
        return False
