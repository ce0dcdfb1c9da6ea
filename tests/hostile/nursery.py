"""Runs `preflight` commands in children of a process that has imported it, and measures what each one took.

A run costs a fork instead of an interpreter's start, so thousands are affordable. This process never runs preflight
itself, and starts no thread: what a child finds is what a fresh interpreter would have. It reads one `Job` a line on
its standard input, and answers with one `Outcome` a line.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import resource
import select
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

import msgspec
from msgspec import Struct

#: prctl(2): orphans of a child become children of this process, so that what a run leaves behind is seen.
PR_SET_CHILD_SUBREAPER = 36
#: Seconds in which what a run has started may end after it.
GRACE = 3.0
#: Bytes of either stream that are kept; what is longer is cut.
KEPT = 512 * 1024 * 1024
#: What nearly every command loads, and what a check loads beside the rules. To load it in each child would take most
#: of a child's time.
LOADED = (
    "preflight.cli.app",
    "preflight.collect.pair",
    "preflight.commands.check",
    "preflight.commands.made",
    "preflight.connection.logins",
    "preflight.judge.check",
    "preflight.migrate.journal",
    "preflight.output.report.json",
    "preflight.output.report.text",
    "preflight.plan.file",
    "preflight.schema.saved",
)


class Job(Struct, frozen=True):
    """One command: the words behind `preflight`, and what it may take. Times are in seconds."""

    words: list[str]
    cwd: str
    wall: float = 90.0
    cpu: int = 22
    environment: dict[str, str] = {}
    #: Python that the process runs before it is `preflight`.
    prelude: str = ""


class Outcome(Struct, frozen=True):
    """The end of a command. `code` is None if it was killed because its time was up, negative for a signal."""

    code: int | None
    out: bytes
    err: bytes
    #: Seconds of processor time, its own and that of the children it waited for, and seconds by the clock.
    cpu: float
    wall: float
    #: KiB that were resident at most, in the largest process.
    rss: int
    #: The commands of processes that it left behind.
    left: list[str] = []


def main() -> None:
    """Answer jobs until there are no more."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _load()
    for line in sys.stdin.buffer:
        outcome = _run(msgspec.json.decode(line, type=Job))
        sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
        sys.stdout.buffer.flush()


def _load() -> None:
    from preflight.judge.ruleset import load

    for name in LOADED:
        importlib.import_module(name)
    load()
    gc.freeze()  # a collection in a child would copy all of this


def _run(job: Job) -> Outcome:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            _become(job, out.fileno(), err.fileno())
        code, used = _wait(pid, job.wall)
        wall = time.monotonic() - began
        left = _left(GRACE)
        return Outcome(code, _text(out.fileno()), _text(err.fileno()), used[0], wall, used[1], left)


def _become(job: Job, out: int, err: int) -> NoReturn:
    """Be the command. Nothing comes back from here."""
    try:
        os.setsid()
        os.chdir(job.cwd)
        null = os.open("/dev/null", os.O_RDONLY)
        for number, descriptor in enumerate((null, out, err)):
            os.dup2(descriptor, number)
        os.closerange(3, 64)
        os.environ.update(job.environment)
        resource.setrlimit(resource.RLIMIT_CPU, (job.cpu, job.cpu + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        sys.argv = ["preflight", *job.words]
        exec(job.prelude, {})
        from preflight.__main__ import main as preflight

        preflight()
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(end.code if isinstance(end.code, int) else 0)
    except BaseException:  # what preflight itself does not catch, a user would see as a traceback
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _wait(pid: int, wall: float) -> tuple[int | None, tuple[float, int]]:
    """Return the exit code, and what was used; a child whose time is up is killed with its session."""
    watched = os.pidfd_open(pid)
    try:
        ready, _, _ = select.select([watched], [], [], wall)
    finally:
        os.close(watched)
    if not ready:
        os.kill(pid, signal.SIGKILL)
    _, status, used = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status) if ready else None, (used.ru_utime + used.ru_stime, used.ru_maxrss)


def _left(grace: float) -> list[str]:
    """End the processes that the run left behind, and return their command lines."""
    deadline = time.monotonic() + grace
    while (children := _children()) and time.monotonic() < deadline:
        time.sleep(0.02)
    found = []
    for pid in children:
        with contextlib.suppress(OSError):
            found.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
            os.kill(pid, signal.SIGKILL)
    while _children():
        time.sleep(0.01)
    return found


def _children() -> list[int]:
    """Return the processes that are children of this one by now; those that have ended are gone."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    mine = os.getpid()
    return [int(pid) for pid in Path(f"/proc/self/task/{mine}/children").read_text().split()]


def _text(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, KEPT)


if __name__ == "__main__":
    main()
