"""The hosts do not use the same tuned profile.

Why it matters
    tuned sets the CPU governor, swappiness and the size of huge pages. Guests become slower on a host with another
    profile, without any error.

How to fix
    Run `tuned-adm profile virtual-host` on both hosts.
"""

from preflight.rule import Findings, Severity, on_destination, rule

from ..facts import TunedProfile


@rule(Severity.WARNING)
def check(source: TunedProfile, destination: TunedProfile) -> Findings:
    if source.name != destination.name:
        yield on_destination(f"tuned's profile is {destination.name or 'none'}, on the source {source.name or 'none'}")
