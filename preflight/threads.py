"""Calls in threads: several in parallel, or one with a time limit.

Importing `concurrent.futures` would take longer than most of these calls.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


#: Seconds after which a waiting user wants to know the reason.
PATIENCE = 1.0


def _nothing() -> None:
    """Do nothing."""


def side_by_side(
    *calls: Callable[[], T], meanwhile: Callable[[], None] = _nothing, waiting: Callable[[], None] = _nothing
) -> list[T]:
    """Return the results of the calls in order; raises the first exception. `meanwhile` is run in this thread.

    While they take longer than `PATIENCE`, `waiting` is called repeatedly.

    If this thread is interrupted, it waits for none of them, because a host may not answer.
    """
    done: dict[int, T] = {}
    failed: dict[int, BaseException] = {}

    def run(number: int) -> None:
        try:
            done[number] = calls[number]()
        except BaseException as why:  # raised again in the waiting thread
            failed[number] = why

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    meanwhile()
    for thread in threads:
        thread.join(max(0.0, began + PATIENCE - time.monotonic()))
        while thread.is_alive():
            waiting()
            thread.join(0.2)
    for number in sorted(failed):
        raise failed[number]
    return [done[number] for number in range(len(calls))]


class Late(Exception):
    """Call that has not finished in time. The text continues a sentence that starts with the name of the call."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return the result of an uninterruptible call; raises its exception, or `Late` when the time is up.

    A late call may still take effect, so the caller must check.
    """
    done: list[T] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            done.append(call())
        except Exception as why:  # raised again below, in the waiting thread
            failed.append(why)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if done:
        return done[0]
    raise failed[0] if failed else Late(f"has not finished within {seconds:g} s")


def until(seconds: float) -> Callable[[], bool]:
    """Return a function that reports whether less than `seconds` have passed since this call."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() < deadline
