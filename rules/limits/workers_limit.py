"""The requested migrations need more workers than the source's libvirt daemon has free.

Why it matters
    A migration holds one worker of the source's daemon from start to end. Further migrations are queued, and if every
    worker is held, none is left to report progress or to abort a migration.

How to fix
    Raise max_workers in the source daemon's configuration and restart the daemon. For an immediate effect that lasts
    until the next restart: virt-admin server-threadpool-set libvirtd --max-workers N. Or run fewer migrations at a
    time.
"""

from preflight.facts import DaemonLimits
from preflight.facts.daemon import RESERVED_WORKERS
from preflight.rule import Change, Findings, Migration, Severity, on_source, rule, unless_live


@rule(Severity.WARNING, skip=unless_live)
def check(source: DaemonLimits, migration: Migration) -> Findings:
    free = source.room_for_migrations()
    if migration.concurrency > free:
        yield on_source(
            f"max_workers is {source.max_workers}, of which {source.busy_workers} are busy and"
            f" {RESERVED_WORKERS} are reserved for progress and abort: there is room for {free},"
            f" but {migration.concurrency} are requested",
            at=source.max_workers,
            change=Change(
                source.conf.path,
                "max_workers",
                (source.busy_workers or 0) + RESERVED_WORKERS + migration.concurrency,
            ),
        )
