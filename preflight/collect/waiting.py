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

    def __init__(self, visits: Iterable[Visit], said: set[str] | None = None) -> None:
        """Take the hosts, and what has been said already, if others say it too."""
        self._visits = tuple(visits)
        self._said: set[str] = set() if said is None else said

    def __call__(self) -> None:
        """Print the lines that have not been printed yet."""
        for whom in awaited(self._visits):
            if whom not in self._said:
                self._said.add(whom)
                say_waiting(whom)


class Waiting:
    """A bar with what each host is still to answer; lines during the logins, and on a terminal that draws nothing.

    A bar that is drawn again would erase what ssh asks a person meanwhile. Nothing is drawn before the first call,
    which comes only if the hosts take long. Checks that run side by side share one bar.
    """

    def __init__(self, visits: Iterable[Visit], steps: int) -> None:
        self.visits, self.steps, self.done = tuple(visits), steps, 0
        self._counting = threading.Lock()

    def __enter__(self) -> Self:
        _ALL.begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        _ALL.end(self)

    def step(self, call: Callable[[], T]) -> Callable[[], T]:
        """Return the call as one of the steps that the bar counts."""

        def counted() -> T:
            result = call()
            with self._counting:
                self.done += 1
            return result

        return counted

    def __call__(self) -> None:
        """Show what is being waited for now."""
        _ALL.show(self)


class _Terminal:
    """All that is waited for now, on the one terminal that there is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Waiting] = []
        self._bar = Bar()
        self._said: set[str] = set()

    def begin(self, one: Waiting) -> None:
        """Wait for this too; it has not been shown yet."""
        with self._lock:
            if not self._waiting:
                self._bar, self._said = Bar(), set()
            self._waiting.append(one)

    def end(self, one: Waiting) -> None:
        """Wait for this no more; the bar stays for the others that it has shown."""
        with self._lock:
            self._waiting.remove(one)
            if not self._waiting:
                self._bar.hide()

    def show(self, one: Waiting) -> None:
        """Draw all that is waited for; while a host is logged in to, say what this one waits for instead."""
        with self._lock:
            visits = [visit for each in self._waiting for visit in each.visits]
            if not draws() or any(visit.logging_in for visit in visits):
                self._bar.hide()
                WaitingLines(one.visits, self._said)()
                return
            what = "; ".join(dict.fromkeys(awaited(visits)))
            done, steps = (sum(getattr(each, name) for each in self._waiting) for name in ("done", "steps"))
            self._bar.show(f"waiting for {what}", done, steps)


_ALL = _Terminal()


def awaited(visits: Iterable[Visit]) -> list[str]:
    """Return each host that is being waited for, and which answers; none of them while a person is being asked."""
    return [f"{visit.name}: {visit.waits_for}" for visit in visits if visit.waits_for is not None]
