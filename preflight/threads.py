"""Several calls at once, each in a thread of its own; importing `concurrent.futures` would take longer than they do."""

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
