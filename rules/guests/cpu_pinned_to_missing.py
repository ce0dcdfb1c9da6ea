"""The guest is pinned to CPUs that the destination does not have.

Why it matters
    If none of the CPUs in a list exists, the kernel refuses the pinning, and libvirt gives up: "cannot set CPU affinity
    on process 1731: Invalid argument". If some of them exist, the guest runs on those only.

How to fix
    Pin the running guest to CPUs that both hosts have: virsh vcpupin guest 0 0-3 (likewise emulatorpin and
    iothreadpin). Or migrate with --xml and changed lists.
"""

from preflight.facts import HostMemory
from preflight.facts.guest import GuestBacking
from preflight.facts.text import listed
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: HostMemory) -> Findings:
    pinned = GuestBacking.of(guest).pinned
    if not pinned:
        return
    there = destination.told().cpus
    if there is None:
        raise Unreadable("the destination's kernel does not report its CPUs")
    for what, cpus in pinned.items():
        if not cpus & there:
            yield on_destination(
                f"{what} is pinned to the cpuset {listed(cpus)}; this host has the CPUs {listed(there)}",
                error="cannot set CPU affinity on process",
            )
        elif cpus - there:
            yield on_destination(
                f"{what} is pinned to the cpuset {listed(cpus)}, of which this host has only {listed(cpus & there)}",
                severity=Severity.INFO,
            )
