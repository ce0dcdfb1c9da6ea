"""The guest is not running.

Why it matters
    A live migration moves a running guest: "Requested operation is not valid: domain is not running". If a guest is
    off, only its definition is moved.

How to fix
    Start the guest, or move its definition with --offline.
"""

from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest) -> Findings:
    if not guest.running:
        yield on_source(f"{guest.name} is {guest.state.name.lower()}", error="domain is not running")
