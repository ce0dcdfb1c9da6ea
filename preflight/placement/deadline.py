"""The time that an answer may take. The only module here that knows a clock."""

import time
from collections.abc import Callable
from typing import Self

#: A clock, in seconds.
Clock = Callable[[], float]
#: The clock of a user who waits.
WALL: Clock = time.monotonic


class Deadline:
    """A number of seconds from now; whoever searches looks whether they are over, and keeps the best so far."""

    def __init__(self, seconds: float, clock: Clock = WALL) -> None:
        """Begin to count."""
        self._clock = clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """Return the seconds that are left, at least 0."""
        return max(0.0, self._end - self._clock())

    @property
    def over(self) -> bool:
        """Report whether none are left."""
        return self.left <= 0

    def part(self, share: float) -> Self:
        """Return a deadline that leaves this share of the seconds that are left, from now."""
        return type(self)(self.left * share, self._clock)
