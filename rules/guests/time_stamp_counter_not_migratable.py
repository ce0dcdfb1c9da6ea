"""The guest's time stamp counter is invariant without a set frequency, or its frequency differs.

Why it matters
    With the feature invtsc, a guest relies on a counter that never changes its rate, so QEMU migrates it only if the
    rate is set: "State blocked by non-migratable CPU device (invtsc flag)", or, from libvirt before 8.6, "domain has
    'invtsc' CPU feature but TSC frequency is not specified". If a frequency is set, it must be the destination's own,
    or the destination's CPU must be able to scale the counter: "Requested TSC frequency ... is outside tolerance
    range".

How to fix
    Restart the guest without invtsc (policy='disable'; with migratable='on' if the guest has the host's own CPU), or
    with <timer name='tsc' frequency='...'/> in its <clock>, set to the frequency that virsh capabilities reports for
    both hosts.
"""

from preflight.facts import HostCpu, HypervisorCpus, Versions
from preflight.facts.guest import X86, GuestCpu
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, on_source, rule, unless_live

#: The largest difference between two frequencies, in parts per million (virCPUx86 TSC tolerance, libvirt since 5.2).
TOLERANCE_PPM = 250
#: Since this release libvirt asks QEMU first what blocks a migration; 7.0 was seen to look at the definition.
_ASKS_QEMU = Version(8, 6, 0)


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, source: HypervisorCpus, source_versions: Versions, destination_cpu: HostCpu) -> Findings:
    cpu = GuestCpu.of(guest)
    if guest.arch not in X86:
        return
    if cpu.tsc_frequency is None:
        if _is_invariant(cpu, guest, source):
            yield on_source(
                "the guest's CPU has invtsc, and no frequency is set for its time stamp counter",
                error="domain has 'invtsc' CPU feature but TSC frequency is not specified"
                if cpu.requires("invtsc") and source_versions.libvirt < _ASKS_QEMU
                else "State blocked by non-migratable CPU device (invtsc flag)",
            )
        return
    own = destination_cpu.tsc_frequency
    if own is None or destination_cpu.tsc_scaling:
        return
    if abs(cpu.tsc_frequency - own) > own * TOLERANCE_PPM // 1_000_000:
        yield on_destination(
            f"the time stamp counter runs at {own} Hz here, and cannot be scaled to the guest's {cpu.tsc_frequency} Hz",
            error="is outside tolerance range",
        )


def _is_invariant(cpu: GuestCpu, guest: Guest, source: HypervisorCpus) -> bool:
    if "invtsc" in cpu.features:
        return cpu.requires("invtsc")
    # the host's own CPU includes it if the host has it, unless only migratable features are allowed
    brought = cpu.is_the_hosts and not cpu.migratable and guest.virt_type == "kvm"
    return brought and "invtsc" in source.of(guest.virt_type).features
