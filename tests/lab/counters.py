"""Watches the counters that guests write to their disks: one goes back where an old copy runs on newer disks."""

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from . import counter
from .instance import Instance

#: Seconds between two looks; a guest counts ten times a second.
INTERVAL = 0.02


class Counters:
    """A thread that reads the counters of these guests from when it is entered on."""

    def __init__(self, instance: Instance, guests: Sequence[str]) -> None:
        self._instance, self._guests = instance, guests
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._ended = threading.Event()
        #: The highest that each has been at.
        self.highest: dict[str, int] = {}
        #: What went back, in words.
        self.back: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def advances(self, guest: str, seconds: float = 15.0) -> bool:
        """Report whether a guest counts, which proves that it runs, wherever that is."""
        before = counter.value(self._instance, guest)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if counter.value(self._instance, guest) > before:
                return True
            time.sleep(INTERVAL)
        return False

    def _watch(self) -> None:
        began, reported = time.monotonic(), set[str]()
        while not self._ended.wait(INTERVAL):
            for guest in self._guests:
                seen, highest = counter.value(self._instance, guest), self.highest.get(guest, 0)
                if seen < highest and guest not in reported:
                    reported.add(guest)  # once is enough: from then on it is never what it was
                    after = time.monotonic() - began
                    self.back.append(f"{guest}'s counter went back from {highest} to {seen} after {after:.1f} s")
                self.highest[guest] = max(seen, highest)
