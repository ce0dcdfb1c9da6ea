"""The hosts' clocks do not show the same time.

Why it matters
    The guest's clock follows its host's, and jumps when the guest moves; a certificate may be valid on one host, and
    expired or not yet valid on the other. Most vendors support live migration only between hosts with synchronized
    clocks.

How to fix
    Run chrony, systemd-timesyncd or ntpd on both hosts, with the same servers. A difference of up to 60 seconds is
    tolerated; `--threshold clocks-differ=SECONDS` changes that.
"""

from preflight.facts import Clock
from preflight.rule import Findings, Severity, on_destination, rule


# seconds: more than an answer takes to arrive, and less than matters to a certificate
@rule(Severity.WARNING, threshold=60)
def check(source: Clock, destination: Clock, threshold: float) -> Findings:
    apart = destination.ahead - source.ahead
    if abs(apart) > threshold:
        way = "ahead of" if apart > 0 else "behind"
        yield on_destination(f"this host's clock is {abs(apart):.0f} s {way} the source's")
