"""The order of starts: guests on a number of lanes, the time between two starts, and memory promised on a host.

Runs that leave the same source side by side share its `Starts`, and runs that reach the same destination its
`Promises`.
"""

import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from preflight.schema.plan import PlannedGuest


def in_lanes(guests: Sequence[PlannedGuest], width: int, lane: Callable[[SimpleQueue[PlannedGuest]], None]) -> None:
    """Run `lane` in at most `width` threads, each taking guests from one queue in their order, until all have ended."""
    waiting: SimpleQueue[PlannedGuest] = SimpleQueue()
    for guest in guests:
        waiting.put(guest)
    side_by_side([lambda: lane(waiting)] * min(width, len(guests)))


def side_by_side(calls: Sequence[Callable[[], None]]) -> None:
    """Run the calls in threads until all have ended; signal handlers run in the meantime."""
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)  # signal handlers run between two joins


class Starts:
    """The starts of migrations, at least `spacing` seconds apart."""

    def __init__(self, spacing: float) -> None:
        self._spacing = spacing
        self._gate = threading.Lock()
        self._last = 0.0

    def wait(self) -> None:
        """Return once it is the caller's turn."""
        with self._gate:
            time.sleep(max(0.0, self._last + self._spacing - time.monotonic()))
            self._last = time.monotonic()


class Promises:
    """Memory of one destination, in KiB, that the guests under way to it will need."""

    def __init__(self) -> None:
        #: To be held from the moment that the host's free memory is read until it is promised.
        self.deciding = threading.Lock()
        self._promised: dict[str, int] = {}

    @property
    def total(self) -> int:
        """The KiB that are promised to all guests under way."""
        return sum(self._promised.copy().values())

    def make(self, uuid: str, kib: int) -> None:
        """Promise memory to a guest whose migration is about to begin."""
        self._promised[uuid] = kib

    def end(self, uuid: str) -> None:
        """End the promise to a guest whose migration has ended: what it takes is no longer free."""
        self._promised.pop(uuid, None)
