"""QEMU is older on the destination than on the source.

Why it matters
    In every case that was tried, a guest with an older machine type could be migrated back to an older QEMU. QEMU's
    developers aim for that, but distributions do not test it, and a failure appears only at the end of the migration:
    "load of migration failed".

How to fix
    Upgrade the destination first, or try with a guest that you can afford to lose.
"""

from preflight.facts import Versions
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.WARNING)
def check(source: Versions, destination: Versions) -> Findings:
    if destination.qemu < source.qemu:
        yield on_destination(f"QEMU {destination.qemu} is older than the source's {source.qemu}")
