"""The hosts have different processor architectures.

Why it matters
    A running guest cannot change its architecture: the destination's libvirt has no emulator for it, or only a slow
    one. Both hosts run QEMU: preflight connects only to qemu:///system, which no other hypervisor provides.

How to fix
    Choose a destination with the source's architecture.
"""

from preflight.facts import Capabilities
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.ERROR)
def check(source: Capabilities, destination: Capabilities) -> Findings:
    if source.arch != destination.arch:
        yield on_destination(f"the architecture is {destination.arch}, while the source's is {source.arch}")
