"""More migrations are asked for than the source's libvirt daemon has workers.

Why it matters
    A migration holds one worker of the source's daemon from its start to its end. The surplus queues up, and with
    every worker held there is none left to report progress or to abort.

How to fix
    Raise max_workers in the source daemon's configuration and restart it, or at once and until the next restart:
    virt-admin server-threadpool-set libvirtd --max-workers N. Or ask for fewer at once.
"""

from preflight.facts import DaemonLimits
from preflight.facts.daemon import RESERVED_WORKERS
from preflight.rule import Change, Findings, Migration, Severity, on_source, rule, unless_live


@rule(Severity.WARNING, skip=unless_live)
def check(source: DaemonLimits, migration: Migration) -> Findings:
    free = source.room_for_migrations()
    if migration.concurrency > free:
        yield on_source(
            f"max_workers is {source.max_workers}, {source.busy_workers} are busy and {RESERVED_WORKERS} are kept"
            f" for progress and abort: room for {free}, while {migration.concurrency} are asked for",
            at=source.max_workers,
            change=Change(
                source.conf.path,
                "max_workers",
                (source.busy_workers or 0) + RESERVED_WORKERS + migration.concurrency,
            ),
        )
