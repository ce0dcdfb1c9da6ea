"""The guest's CPU has a model or features that the destination cannot provide.

Why it matters
    The destination's libvirt starts the guest with the CPU that the guest has now, asks QEMU which CPU resulted, and
    refuses any difference: "guest CPU doesn't match specification: missing features: fma,avx2". A libvirt release that
    does not know the model or feature refuses earlier: "unknown CPU feature: vnmi", "Unknown CPU model EPYC-v4". QEMU
    10.0 and later adds ht to a CPU whose socket has several virtual CPUs, which libvirt before 11.10 also treats as a
    difference: "extra features: ht". Migrating back to QEMU before 10.0 fails as well: "missing features: ht". libvirt
    9.10 to 10.1, which Ubuntu 24.04 has, may refuse a guest with vmx from an older release ("extra features: vmx-...",
    according to the release notes of 10.2); that is a warning.

How to fix
    Restart the guest with a CPU that both hosts support: a model that virsh domcapabilities reports as usable on both,
    or the result of virsh hypervisor-cpu-baseline for both hosts' host-model CPUs. Otherwise move the guest while it is
    off.
"""

from preflight.facts import HostCpu, HypervisorCpus, Versions
from preflight.facts.guest import X86, GuestCpu
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live

#: The first QEMU that gives ht to each virtual CPU that shares a socket; in older ones no CPU gets it by name.
_ADDS_HT = Version(10)
#: The first libvirt that expects this.
_EXPECTS_HT = Version(11, 10)
#: Features that follow from the guest's topology: QEMU adds them itself, so no host's list of features has them.
_OF_TOPOLOGY = frozenset(("ht", "topoext"))
#: The libvirt releases that know the features of vmx and miscount those of guests from older ones.
_MISCOUNTS = (Version(9, 10), Version(10, 2))
_DIFFERS = "guest CPU doesn't match specification"


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "guest and host CPU are not compatible",  # of a domain that is defined or started with such a CPU
        "Host CPU does not provide required features:",
    ),
)
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
                f"libvirt {destination_versions.libvirt} does not know the feature {unknown} of the guest's CPU",
                error=f"unknown CPU feature: {unknown}",
            )
            return
    if cpu.mode != "custom":
        return
    if _gains_ht(cpu, destination_versions):
        yield on_destination(
            f"QEMU {destination_versions.qemu} adds the feature ht to {cpu.in_a_socket} virtual CPUs in one socket, "
            f"which libvirt {destination_versions.libvirt} refuses",
            error=f"{_DIFFERS}: extra features: ht",
        )
    first, fixed = _MISCOUNTS
    if source_versions.libvirt < first <= destination_versions.libvirt < fixed and cpu.requires("vmx"):
        yield on_destination(
            f"libvirt {destination_versions.libvirt} may count features of vmx that the guest does not have",
            error=f"{_DIFFERS}: extra features: vmx-",
            severity=Severity.WARNING,
        )
    try:
        there = destination.of(guest.virt_type)
        needed = source.of_guest(guest.uuid)
    except Unreadable:
        if source_cpu == destination_cpu and source_versions == destination_versions:
            return  # same software on the same CPU: the guest runs there as it runs here
        raise
    if cpu.model is not None and cpu.model not in there.models:
        yield on_destination(
            f"libvirt {destination_versions.libvirt} with QEMU {destination_versions.qemu} does not support "
            f"the CPU model {cpu.model}",
            error=f"Unknown CPU model {cpu.model}",
        )
        return
    missing = sorted(needed - there.features - _OF_TOPOLOGY)
    if cpu.requires("ht") and destination_versions.qemu < _ADDS_HT:
        missing.append("ht")
    if missing:
        yield on_destination(
            "the guest's CPU has features that are not available to "
            f"{guest.virt_type} guests here: {', '.join(missing)}",
            error=None if cpu.check == "none" else _DIFFERS,
        )


def _gains_ht(cpu: GuestCpu, there: Versions) -> bool:
    """Return whether the destination's QEMU adds ht where its libvirt does not expect it."""
    differ = there.qemu >= _ADDS_HT and there.libvirt < _EXPECTS_HT
    return differ and cpu.in_a_socket > 1 and not cpu.requires("ht")
