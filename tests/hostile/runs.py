"""Runs jobs on as many processors as there are, and gives their outcomes in the order in which they end."""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from tests.hostile.demands import Judged
from tests.hostile.nursery import Job, Outcome

T = TypeVar("T")


class Nursery:
    """One process that has preflight imported, and runs one job after another."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        if environment is None:
            #: Python's own hash seed is fixed, so that a run can be made again.
            environment = os.environ | {"PYTHONHASHSEED": "0", "COLUMNS": "100"}
            for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "PREFLIGHT_TRACEBACK"):
                environment.pop(name, None)
        # without a network: whatever a file names, no host is contacted
        apart = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-current-user", "--net"]
        self._process = subprocess.Popen(
            [*apart, sys.executable, "-m", "tests.hostile.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

    def __enter__(self) -> Self:
        """Give the nursery itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it; a job that still runs ends with its own time."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def run(self, job: Job) -> Outcome:
        """Run one command to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(job) + b"\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline(), type=Outcome)


def judge_all(
    tasks: Iterable[T], work: Callable[[T, Nursery], Iterable[Judged]], *, workers: int | None = None
) -> Iterator[Judged]:
    """Work off the tasks with one nursery per processor; yield the result of `work` for each as soon as it is there."""
    waiting, done = iter(tasks), queue.SimpleQueue[Judged | BaseException | None]()
    lock = threading.Lock()

    def worker() -> None:
        try:
            with Nursery() as nursery:
                while True:
                    with lock:
                        task = next(waiting, None)
                    if task is None:
                        return
                    for judged in work(task, nursery):
                        done.put(judged)
        except BaseException as why:  # raised again below, where it is seen
            done.put(why)
        finally:
            done.put(None)

    count = workers or len(os.sched_getaffinity(0))
    for _ in range(count):
        threading.Thread(target=worker, daemon=True).start()
    while count:
        match done.get():
            case None:
                count -= 1
            case BaseException() as why:
                raise why
            case judged:
                yield judged
