"""The guest's CPU allows the guest to run nested guests.

Why it matters
    A guest that runs nested guests has state in the host's KVM that has to be migrated too. This is the least tested
    part of a migration: some vendors do not support it, and old kernels and QEMU releases do not send that state at
    all. preflight cannot see from outside whether a guest uses the feature. A guest that does not use it migrates like
    any other.

How to fix
    Shut down the nested guests, or, if the guest does not need the feature vmx or svm, start the guest without that
    feature (virsh edit: a CPU feature with policy disable).
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
            yield on_source(f"the guest's CPU has {feature}, so the guest may run nested guests")
