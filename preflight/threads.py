"""Calls in threads: several at once, or one that is not waited for longer than it may take.

Importing `concurrent.futures` would take longer than most of them do.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


#: Seconds after which somebody who waits wants to know what for.
PATIENCE = 2.0


def _nothing() -> None:
    """Do nothing."""


def side_by_side(
    *calls: Callable[[], T], meanwhile: Callable[[], None] = _nothing, waiting: Callable[[], None] = _nothing
) -> list[T]:
    """What the calls return, in their order; raises the first one's exception. `meanwhile` is done in this thread.

    While they take longer than `PATIENCE`, `waiting` is called again and again.

    When this thread is interrupted it waits for none of them: a host may still be silent.
    """
    done: dict[int, T] = {}
    failed: dict[int, BaseException] = {}

    def run(number: int) -> None:
        try:
            done[number] = calls[number]()
        except BaseException as why:  # raised again in the thread that waits
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
    """A call has not ended in its time. The text says so behind the name of the call."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """What a call returns that nothing can interrupt; raises its exception, or `Late` when its time is up.

    It may still do what it was to do then, and whoever goes on has to look.
    """
    done: list[T] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            done.append(call())
        except Exception as why:  # raised again below, where somebody waits for it
            failed.append(why)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if done:
        return done[0]
    raise failed[0] if failed else Late(f"has not finished within {seconds:g} s")


def until(seconds: float) -> Callable[[], bool]:
    """Whether there is time left of so many seconds from now."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() < deadline
