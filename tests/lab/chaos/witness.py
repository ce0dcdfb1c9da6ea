"""Watches both hosts while a run lasts, for a guest that runs on both at the same time."""

import threading
import time
from types import TracebackType
from typing import Self

from tests.lab.chaos import processors
from tests.lab.chaos.processors import SET_UP, Processors
from tests.lab.host import LabHost

#: Seconds between two looks.
INTERVAL = 0.1
#: How often a guest's processors must have been given the machine between two looks to count as running: one that
#: writes wakes 100 times a second.
WAKES = 3

Sight = dict[str, Processors]


class Witness:
    """A thread that looks at both hosts. Two windows in a row in which a guest ran on both are proof.

    The destination is looked at first: a guest that was handed over properly can seem to run on both in one window,
    the one that it was handed over in, and never in two.
    """

    def __init__(self, source: LabHost, destination: LabHost) -> None:
        self._source, self._destination = source, destination
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._ended = threading.Event()
        #: Seconds for which each guest was seen to run on both.
        self.both: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        before: tuple[Sight, Sight] = ({}, {})
        last: set[str] = set()
        began = time.monotonic()
        while not self._ended.wait(INTERVAL):
            now = (processors.seen_on(self._destination), processors.seen_on(self._source))
            on_destination, on_source = (ran(old, new) for old, new in zip(before, now, strict=True))
            both = on_destination & on_source
            ended = time.monotonic()
            for guest in both & last:
                self.both[guest] = self.both.get(guest, 0.0) + ended - began
            before, last, began = now, both, ended


def ran(before: Sight, now: Sight) -> set[str]:
    """Return the guests that ran between two looks at one host."""
    return {
        guest
        for guest, seen in now.items()
        if guest in before and seen.slices >= SET_UP and seen.ran_since(before[guest], WAKES)
    }
