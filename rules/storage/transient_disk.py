"""The guest has a transient disk.

Why it matters
    Data written to the disk is in a file on the source that is deleted when the guest stops: "migration with transient
    disk is not supported".

How to fix
    Shut the guest down and remove `<transient/>` from its definition, or detach the disk.
"""

from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(source_guest: Guest) -> Findings:
    for disk in source_guest.disks:
        if disk.transient:
            yield on_source(f"{disk.target} is transient", error="migration with transient disk is not supported")
