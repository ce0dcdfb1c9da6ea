"""Several calls at once, each in a thread of its own; importing `concurrent.futures` would take longer than they do."""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def side_by_side(*calls: Callable[[], T], meanwhile: Callable[[], None] = lambda: None) -> list[T]:
    """What the calls return, in their order; raises the first one's exception. `meanwhile` is done in this thread.

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
    meanwhile()
    for thread in threads:
        thread.join()
    for number in sorted(failed):
        raise failed[number]
    return [done[number] for number in range(len(calls))]
