"""Watches the hosts while a run lasts, for a guest that runs on two of them at the same time."""

import threading
import time
from collections import Counter
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
    """A thread that looks at the hosts. As many windows in a row in which a guest ran on two are `proof`.

    The source is looked at last: a guest that was handed over properly can seem to run on both in one window, the one
    that it was handed over in, and never in two. One that moves the other way, from a host that is looked at earlier,
    can seem to in two, and never in three.
    """

    def __init__(self, source: LabHost, *destinations: LabHost, proof: int = 2) -> None:
        self._hosts, self._proof = (*destinations, source), proof
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._ended = threading.Event()
        #: Seconds for which each guest was seen to run on two hosts.
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
        before: list[Sight] = [{} for _ in self._hosts]
        last: Counter[str] = Counter()
        began = time.monotonic()
        while not self._ended.wait(INTERVAL):
            now = [processors.seen_on(host) for host in self._hosts]
            on = Counter(guest for old, new in zip(before, now, strict=True) for guest in ran(old, new))
            last = Counter({guest: last[guest] + 1 for guest, hosts in on.items() if hosts > 1})
            ended = time.monotonic()
            for guest, windows in last.items():
                if windows >= self._proof:
                    self.both[guest] = self.both.get(guest, 0.0) + ended - began
            before, began = now, ended


def ran(before: Sight, now: Sight) -> set[str]:
    """Return the guests that ran between two looks at one host."""
    return {
        guest
        for guest, seen in now.items()
        if guest in before and seen.slices >= SET_UP and seen.ran_since(before[guest], WAKES)
    }
