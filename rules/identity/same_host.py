"""Source and destination are the same host.

Why it matters
    Two names can refer to one machine. libvirt refuses: "Attempt to migrate guest to the same host".

How to fix
    Name another destination, or correct the name or address that refers to the source.
"""

from preflight.facts import HostIdentity
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.ERROR)
def check(source: HostIdentity, destination: HostIdentity) -> Findings:
    if source.is_same_daemon(destination):
        yield on_destination(
            f"this is the source itself: {destination.hostname}, with the same libvirt daemon",
            error=f"Attempt to migrate guest to the same host {destination.uuid}",
        )
