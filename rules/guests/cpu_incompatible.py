"""The guest's CPU has a model or features that the destination cannot give it.

Why it matters
    The destination's libvirt starts the guest with the CPU that it has now, asks QEMU what came of it, and refuses
    any difference: "guest CPU doesn't match specification: missing features: fma,avx2". A release of libvirt that has
    no name for a model or feature refuses before: "unknown CPU feature: vnmi", "Unknown CPU model EPYC-v4". QEMU since
    10.0 adds ht to a CPU whose socket has several virtual CPUs, which libvirt before 11.10 takes for a difference too:
    "extra features: ht". The way back, to QEMU before 10.0, is barred too: "missing features: ht".

How to fix
    Restart the guest with a CPU that both hosts have: a model that virsh domcapabilities calls usable on both, or what
    virsh hypervisor-cpu-baseline makes of both hosts' host-model. Else move it while it is off.
"""

from preflight.facts import HostCpu, HypervisorCpus, Versions
from preflight.facts.guest import X86, GuestCpu
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live

#: The QEMU that gives ht to all virtual CPUs that share a socket with another; before, nobody gets it by name.
_ADDS_HT = Version(10)
#: The libvirt that expects so.
_EXPECTS_HT = Version(11, 10)
#: What follows from the guest's topology: QEMU adds it by itself, so no list of what a host can give has it.
_OF_TOPOLOGY = frozenset(("ht", "topoext"))
_DIFFERS = "guest CPU doesn't match specification"


@rule(Severity.ERROR, skip=unless_live)
def check(
    guest: Guest,
    source: HypervisorCpus,
    source_cpu: HostCpu,
    source_versions: Versions,
    destination: HypervisorCpus,
    destination_cpu: HostCpu,
    destination_versions: Versions,
) -> Findings:
    cpu = GuestCpu.of(guest)
    if cpu.features and destination_versions.libvirt < source_versions.libvirt and guest.arch in X86:
        unknown = next((name for name in cpu.features if not destination.knows(name)), None)
        if unknown is not None:
            yield on_destination(
                f"libvirt {destination_versions.libvirt} does not know {unknown}, which the guest's CPU names",
                error=f"unknown CPU feature: {unknown}",
            )
            return
    if cpu.mode != "custom":
        return
    if _gains_ht(cpu, destination_versions):
        yield on_destination(
            f"QEMU {destination_versions.qemu} adds the feature ht to {cpu.in_a_socket} virtual CPUs in a socket, "
            f"and libvirt {destination_versions.libvirt} refuses that",
            error=f"{_DIFFERS}: extra features: ht",
        )
    try:
        there = destination.of(guest.virt_type)
        needed = source.of_guest(guest.uuid)
    except Unreadable:
        if source_cpu == destination_cpu and source_versions == destination_versions:
            return  # the same programs on the same CPU: what runs here runs there
        raise
    if cpu.model is not None and cpu.model not in there.models:
        yield on_destination(
            f"libvirt {destination_versions.libvirt} with QEMU {destination_versions.qemu} cannot make "
            f"a CPU {cpu.model}",
            error=f"Unknown CPU model {cpu.model}",
        )
        return
    missing = sorted(needed - there.features - _OF_TOPOLOGY)
    if cpu.requires("ht") and destination_versions.qemu < _ADDS_HT:
        missing.append("ht")
    if missing:
        yield on_destination(
            f"the guest's CPU has what a {guest.virt_type} guest cannot have there: {', '.join(missing)}",
            error=None if cpu.check == "none" else _DIFFERS,
        )


def _gains_ht(cpu: GuestCpu, there: Versions) -> bool:
    """Whether the destination's QEMU adds a feature that its libvirt does not expect."""
    differ = there.qemu >= _ADDS_HT and there.libvirt < _EXPECTS_HT
    return differ and cpu.in_a_socket > 1 and not cpu.requires("ht")
