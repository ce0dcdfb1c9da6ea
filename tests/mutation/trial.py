"""Tries mutants: each in a separate process, which sees the changed module and runs the tests that should notice."""

import enum
import importlib.abc
import importlib.util
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import grimp
import pytest

from tests.mutation.mutants import Mutant
from tests.mutation.subjects import Subject

ROOT = Path(__file__).parent.parent.parent
#: Bytes of memory that a mutant may take.
_MEMORY = 4 << 30
#: Seconds of CPU time that a mutant has, besides some times what the tests take of the module as it is.
_BESIDES, _TIMES = 10, 3
#: How many times its CPU time a process may last, on a machine that does other things too.
_PATIENCE = 20


class Outcome(enum.StrEnum):
    """The outcome of a mutant."""

    NOTICED = "noticed"
    #: It did not come to an end, which is noticed too.
    ENDLESS = "endless"
    SURVIVED = "survived"


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Has one module's text be another one."""

    def __init__(self, name: str, path: Path, text: str) -> None:
        self._name, self._path, self._text = name, path, text

    def find_spec(self, fullname: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def get_filename(self, _name: str) -> str:
        return str(self._path)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._text, self._path, "exec"), module.__dict__)


def path_of(module: str) -> Path:
    """Return the file of a module."""
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def warm_up(subject: Subject) -> None:
    """Import all that no module of the subject has a part in, once for all mutants."""
    graph = grimp.build_graph("preflight")
    above = {name for module in subject.modules for name in graph.find_downstream_modules(module)}
    for name in sorted(graph.modules - above - set(subject.modules) - {"preflight.__main__"}):
        # a package's own text may import what is changed
        if not any(other.startswith(f"{name}.") for other in (*above, *subject.modules)):
            importlib.import_module(name)


def run(subject: Subject, change: tuple[str, str] | None, seconds: float | None) -> int:
    """Run the subject's tests in a process of their own, which this one waits for elsewhere; return its number.

    `change` is a module and its other text; `seconds` of CPU time are all that it may take.
    """
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        os.setsid()
        if seconds is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
            signal.alarm(int(seconds * _PATIENCE))
        if change is not None:
            sys.meta_path.insert(0, _Changed(change[0], path_of(change[0]), change[1]))
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *subject.tests])
    except BaseException:
        code = 70  # the module cannot even be imported
    finally:
        os._exit(code)


def measure(subject: Subject) -> float:
    """The seconds of CPU time that the tests take of the modules as they are; raises `SystemExit` where they fail."""
    _, status, usage = os.wait4(run(subject, None, None), 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{subject.name}: the tests fail without any change: {' '.join(subject.tests)}")
    return usage.ru_utime + usage.ru_stime


def outcome(status: int) -> Outcome:
    """Return the outcome of a mutant from the end of its process."""
    code = os.waitstatus_to_exitcode(status)
    if code in (-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL):
        return Outcome.ENDLESS
    return Outcome.SURVIVED if code == 0 else Outcome.NOTICED


def try_all(
    subject: Subject,
    drawn: Sequence[tuple[str, Mutant]],
    texts: dict[str, str],
    *,
    at_once: int,
    until: float,
    told: Callable[[str, Mutant, Outcome], None],
) -> Iterator[tuple[str, Mutant, Outcome]]:
    """Try each mutant, some at once; yields module, mutant and outcome in the order in which they end.

    None is begun after `until`, by `time.monotonic`: those that were drawn first are as good a sample.
    """
    seconds = _BESIDES + _TIMES * measure(subject)
    left = list(reversed(drawn))
    running: dict[int, tuple[str, Mutant]] = {}
    while left or running:
        if time.monotonic() > until:
            left.clear()
        while left and len(running) < at_once:
            module, mutant = left.pop()
            running[run(subject, (module, mutant.of(texts[module])), seconds)] = (module, mutant)
        if not running:  # the time was up before one was begun
            return
        pid, status = os.wait()
        module, mutant = running.pop(pid)
        became = outcome(status)
        told(module, mutant, became)
        yield module, mutant, became
