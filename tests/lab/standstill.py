"""The longest standstill of a guest by its own clock: the longest time between two ticks of its timer."""

import threading
import time
from types import TracebackType
from typing import Self

from . import counter
from .instance import Instance

#: Seconds between two looks at what the guest writes ten times a second.
INTERVAL = 0.02
#: Seconds over which the guest's clock is compared with this machine's.
CALIBRATED = 2.0


class Standstill:
    """A thread that keeps the longest standstill of a guest with a counter while it is entered."""

    def __init__(self, instance: Instance, guest: str) -> None:
        self._instance, self._guest = instance, guest
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._ended = threading.Event()
        self._longest = 0
        self._rate = units_per_second(instance, guest)

    @property
    def seconds(self) -> float:
        """Return the longest time between two ticks, in seconds; the guest's timer ticks every hundredth."""
        return self._longest / self._rate

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        time.sleep(1)  # the guest writes what it has seen
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(INTERVAL):
            self._longest = max(self._longest, counter.clock(self._instance, self._guest).longest)


def units_per_second(instance: Instance, guest: str) -> float:
    """Return the rate of the guest's clock, by this machine's."""
    first, began = _fresh(instance, guest)
    time.sleep(CALIBRATED)
    last, ended = _fresh(instance, guest)
    return (last - first) % 2**32 / (ended - began)


def _fresh(instance: Instance, guest: str) -> tuple[int, float]:
    """Return the guest's time as it has just written it, and this machine's."""
    before = counter.clock(instance, guest).now
    while (now := counter.clock(instance, guest).now) == before:
        time.sleep(0.001)
    return now, time.monotonic()
