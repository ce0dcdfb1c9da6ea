"""libvirt is older on the destination than on the source.

Why it matters
    The newer libvirt may send a description of the guest that the older one cannot read. This often works, but
    migrations in this direction are not tested.

How to fix
    Upgrade the destination first.
"""

from preflight.facts import Versions
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.WARNING)
def check(source: Versions, destination: Versions) -> Findings:
    if destination.libvirt < source.libvirt:
        yield on_destination(f"libvirt {destination.libvirt} is older than the source's {source.libvirt}")
