"""What a person at a terminal sees while hosts are asked."""

import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self, TypeVar

from preflight.collect.session import Visit
from preflight.progress_bar import Bar
from preflight.stdio import draws, say_waiting

T = TypeVar("T")


class WaitingLines:
    """Lines about what preflight is waiting for, each printed once."""

    def __init__(self, visits: Iterable[Visit]) -> None:
        self._visits = tuple(visits)
        self._said: set[str] = set()

    def __call__(self) -> None:
        """Print the lines that have not been printed yet."""
        for whom in awaited(self._visits):
            if whom not in self._said:
                self._said.add(whom)
                say_waiting(whom)


class Waiting:
    """A bar with what each host is still to answer; lines during the logins, and on a terminal that draws nothing.

    A bar that is drawn again would erase what ssh asks a person meanwhile. Nothing is drawn before the first call,
    which comes only if the hosts take long.
    """

    def __init__(self, visits: Iterable[Visit], steps: int) -> None:
        self._visits, self._steps = tuple(visits), steps
        self._lines = WaitingLines(self._visits)
        self._bar = Bar()
        self._counting, self._done = threading.Lock(), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.hide()

    def step(self, call: Callable[[], T]) -> Callable[[], T]:
        """Return the call as one of the steps that the bar counts."""

        def counted() -> T:
            result = call()
            with self._counting:
                self._done += 1
            return result

        return counted

    def __call__(self) -> None:
        """Show what is being waited for now."""
        if not draws() or any(visit.logging_in for visit in self._visits):
            self._lines()
        else:
            self._bar.show(f"waiting for {'; '.join(awaited(self._visits))}", self._done, self._steps)


def awaited(visits: Iterable[Visit]) -> list[str]:
    """Return each host that is being waited for, and which answers; none of them while a person is being asked."""
    return [f"{visit.name}: {visit.waits_for}" for visit in visits if visit.waits_for is not None]
