"""Opens a run: libvirt connections on the logins that the check made, signals turned into requests to stop."""

import contextlib
import re
import signal
from collections.abc import Iterator, Sequence
from types import FrameType

from preflight.migrate.end import End, HostSilent, run_event_loop
from preflight.migrate.events import Tell
from preflight.migrate.journal import Journal
from preflight.migrate.run import Run, Settings
from preflight.migrate.run_lock import key_of
from preflight.migrate.same_host import Reachable
from preflight.migrate.source_log import HostLogs
from preflight.migrate.starter import HostStarter
from preflight.schema.plan import MigrationPlan
from preflight.shell_text import shell

_AVAILABLE = re.compile(r"^MemAvailable: +(\d{1,18}) kB$", re.MULTILINE)


@contextlib.contextmanager
def opened_run(
    plan: MigrationPlan, visits: Sequence[Reachable], journal: Journal, tell: Tell, settings: Settings
) -> Iterator[Run]:
    """Open a run on two hosts with open logins. While it is open, Ctrl-C and SIGTERM are requests to stop."""
    with opened_runs([(plan, visits, journal)], tell, settings) as (run,):
        yield run


@contextlib.contextmanager
def opened_runs(
    legs: Sequence[tuple[MigrationPlan, Sequence[Reachable], Journal]],
    tell: Tell,
    settings: Settings,
    *,
    stop_together: bool = False,
) -> Iterator[Sequence[Run]]:
    """Open several runs, each of its own plan, hosts and journal, that heed signals together.

    With `stop_together`, the first of them that stops stops all.
    """
    with contextlib.ExitStack() as stack:
        runs = [stack.enter_context(_opened(*leg, tell, settings)) for leg in legs]
        if stop_together:
            for run in runs:
                run.stopping = runs[0].stopping
        stack.enter_context(_heeding_signals(runs))
        for run in runs:
            _connect(run)
        yield runs


@contextlib.contextmanager
def _opened(
    plan: MigrationPlan, visits: Sequence[Reachable], journal: Journal, tell: Tell, settings: Settings
) -> Iterator[Run]:
    run_event_loop()
    source, destination = (End(visit.name, visit.connect, plan.calls) for visit in visits)
    logs = HostLogs(visits[0].run)
    starter = HostStarter(visits[0].run, key_of(journal.path), plan.destination_uri)
    run = Run(plan, source, destination, journal, tell, settings, lambda: _available(visits[1]), logs, starter)
    try:
        yield run
    finally:
        source.close()
        destination.close()


def _connect(run: Run) -> None:
    """Open the connections that guests share; a host that is silent is reported for each guest that is affected."""
    for end in (run.source, run.destination):
        with contextlib.suppress(HostSilent):
            end.shared()


def _available(destination: Reachable) -> int | None:
    """Return the destination's available memory in KiB; None if it cannot be read."""
    answer = destination.run(shell("cat /proc/meminfo"))
    found = _AVAILABLE.search(answer.out) if answer.code == 0 else None
    return int(found[1]) if found else None


@contextlib.contextmanager
def _heeding_signals(runs: Sequence[Run]) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into requests to stop these runs while the context is open.

    SIGHUP is too, but only a request to start no further guest: a lost terminal may send it more than once, and
    nobody asked for running migrations to be aborted.
    """

    def interrupted(number: int, _frame: FrameType | None) -> None:
        is_first = not all(run.stopping.is_set() for run in runs)
        for run in runs:
            if run.stopping.is_set() and (is_first or number == signal.SIGHUP):
                run.interrupted = True
            else:
                run.interrupt()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupted) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
