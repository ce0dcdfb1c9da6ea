"""Calls to libvirt side by side: a call to a distant host takes a round trip, however many others are under way.

A daemon works on five calls of one client at once unless its configuration says otherwise (max_client_requests).
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

#: Number of threads that make one list of calls.
_AT_ONCE = 8


class Call(Generic[T]):
    """Call that is made in a thread of its own, at once."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._outcome: T | Exception
        self._call = call
        # libvirt's calls cannot be interrupted: the thread of one that never returns is abandoned
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def ends_within(self, seconds: float) -> bool:
        """Wait for the call, and report whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> T:
        """Wait for the call, and return its result or raise its exception."""
        self._thread.join()
        return result(self._outcome)

    def _run(self) -> None:
        self._outcome = _outcome(self._call)


def outcomes(calls: Iterable[Callable[[], T]]) -> list[T | Exception]:
    """Make the calls, several at once, and return the result of each or its exception, in order."""
    waiting = deque(enumerate(calls))
    done: dict[int, T | Exception] = {}

    def work() -> None:
        while True:
            try:
                number, call = waiting.popleft()
            except IndexError:
                return
            done[number] = _outcome(call)

    others = [threading.Thread(target=work, daemon=True) for _ in range(min(len(waiting), _AT_ONCE) - 1)]
    for thread in others:
        thread.start()
    work()
    for thread in others:
        thread.join()
    return [done[number] for number in range(len(done))]


def results(calls: Iterable[Callable[[], T]]) -> list[T]:
    """Make the calls, several at once, and return their results in order, or raise the first exception."""
    return [result(outcome) for outcome in outcomes(calls)]


def result(outcome: T | Exception) -> T:
    """Return the result of a call, or raise its exception."""
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _outcome(call: Callable[[], T]) -> T | Exception:
    try:
        return call()
    except Exception as why:  # raised again by `result`
        return why
