"""What is asked for cannot be had together.

Why it matters
    An offline migration copies no storage: "offline migration cannot handle non-shared storage". One that is tunnelled
    is refused too, and virsh prints "End of file while reading data: : Input/output error" alone, as seen with libvirt
    7.0, 9.0 and 11.3.

How to fix
    Leave one of the two out: storage is copied beside the memory of a running guest, over a port of its own, and a
    guest that is off has no memory to tunnel.
"""

from preflight.facts.libvirt_connection import HUNG_UP
from preflight.migration import Migration
from preflight.rule import Findings, Severity, on_source, rule


@rule(Severity.ERROR)
def check(migration: Migration) -> Findings:
    if migration.offline and migration.copy_storage:
        yield on_source(
            "an offline migration moves the definition alone and copies no storage",
            error="offline migration cannot handle non-shared storage",
        )
    if migration.offline and migration.tunnelled:
        yield on_source(
            "an offline migration sends no memory that could be tunnelled",
            error=HUNG_UP,
        )
