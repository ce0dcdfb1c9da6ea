"""The guest's CPU lets it run guests of its own.

Why it matters
    A guest that runs guests has state in the host's KVM that has to move too: the least tried part of a migration,
    which some vendors do not support, and which old kernels and QEMUs do not send at all. Whether the guest makes use
    of the feature cannot be seen from outside. One that does not moves as any other.

How to fix
    Stop the guests inside, or start the guest without the feature vmx or svm (virsh edit: a CPU feature of policy
    disable), if it has no use for it.
"""

from preflight.facts import HypervisorCpus
from preflight.facts.guest import GuestCpu
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule, unless_live

_FEATURES = ("vmx", "svm")


@rule(Severity.INFO, skip=unless_live)
def check(guest: Guest, source: HypervisorCpus) -> Findings:
    cpu = GuestCpu.of(guest)
    if cpu.mode is None:
        return  # QEMU's default models have neither
    known = source.of_guest(guest.uuid)
    for feature in _FEATURES:
        if feature in known:
            yield on_source(f"the guest's CPU has {feature}, so it may run guests of its own")
