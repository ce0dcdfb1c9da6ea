"""The processes that this one has started, among them those that libvirt has started in it."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path


def end() -> None:
    """End every child process that is still there; called before the process ends.

    libvirt starts an ssh for each connection. That of a call which is given up, since its host is silent, would wait
    for the host for minutes, without anybody who could be told.
    """
    for pid in tuple(_children()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGTERM)


def _children() -> Iterator[int]:
    """Yield the children of each thread: a process belongs to the thread that has started it."""
    for thread in Path("/proc/self/task").glob("*/children"):  # CONFIG_PROC_CHILDREN, which distributions have
        with contextlib.suppress(OSError):  # the thread has ended
            yield from map(int, thread.read_text().split())
