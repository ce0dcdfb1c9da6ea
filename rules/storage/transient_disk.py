"""The guest has a transient disk.

Why it matters
    What is written to it lies in a file of the source's that goes with the guest's stop: "migration with transient
    disk is not supported".

How to fix
    Shut the guest down and take `<transient/>` out of its definition, or detach the disk.
"""

from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(source_guest: Guest) -> Findings:
    for disk in source_guest.disks:
        if disk.transient:
            yield on_source(f"{disk.target} is transient", error="migration with transient disk is not supported")
