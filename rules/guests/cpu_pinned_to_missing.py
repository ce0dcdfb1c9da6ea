"""The guest is pinned to CPUs of which the destination has none.

Why it matters
    Where none of the CPUs in a list is there the kernel refuses to pin, and libvirt gives up: "cannot set CPU affinity
    on process 1731: Invalid argument". Where some of them are, the guest runs on those alone.

How to fix
    Pin it to CPUs that both hosts have while it runs: virsh vcpupin guest 0 0-3 (and emulatorpin, iothreadpin), or
    migrate with --xml and changed lists.
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
        raise Unreadable("the destination's kernel does not tell its CPUs")
    for what, cpus in pinned.items():
        if not cpus & there:
            yield on_destination(
                f"{what} is pinned to CPU {listed(cpus)}; there the CPUs are {listed(there)}",
                error="cannot set CPU affinity on process",
            )
        elif cpus - there:
            yield on_destination(
                f"of the CPUs {listed(cpus)} that {what} is pinned to, only {listed(cpus & there)} is there",
                severity=Severity.INFO,
            )
