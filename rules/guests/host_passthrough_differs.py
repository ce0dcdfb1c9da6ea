"""The guest has the source's own CPU, and the destination's CPU differs or provides less.

Why it matters
    For such a guest (mode host-passthrough or maximum) libvirt compares nothing: the guest moves, and keeps using the
    features that it found when it started. Features that the destination lacks disappear without a message, and the
    guest may crash when it uses them.

How to fix
    Restart the guest with a CPU that both hosts support: a named model, or the result of virsh hypervisor-cpu-baseline
    for both hosts. Or give both hosts the same CPU, microcode, kernel and QEMU.
"""

from preflight.facts import HostCpu, HypervisorCpus
from preflight.facts.guest import GuestCpu
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.WARNING, skip=unless_live)
def check(
    guest: Guest,
    source: HypervisorCpus,
    source_cpu: HostCpu,
    destination: HypervisorCpus,
    destination_cpu: HostCpu,
) -> Findings:
    cpu = GuestCpu.of(guest)
    if not cpu.is_the_hosts or guest.virt_type != "kvm":
        return  # QEMU's own emulation does not depend on the host's CPU
    for what, here, there in (
        ("vendor", source_cpu.vendor, destination_cpu.vendor),
        ("family, model and stepping", source_cpu.signature, destination_cpu.signature),
    ):
        if here != there:
            yield on_destination(f"CPU {what}: {_text(there)} here, {_text(here)} on the source")
    if source_cpu.microcode != destination_cpu.microcode:
        yield on_destination(
            f"CPU microcode: {_text(destination_cpu.microcode)} here, {_text(source_cpu.microcode)} on the source",
            severity=Severity.INFO,
        )
    given, left = source.of("kvm").features, destination.of("kvm").features
    hidden = {name for name, policy in cpu.features.items() if policy in ("disable", "forbid")}
    if not cpu.requires("invtsc") and cpu.migratable:
        hidden.add("invtsc")
    missing = sorted(given - left - hidden)
    if missing:
        yield on_destination(f"the guest would lose CPU features: {', '.join(missing)}")


def _text(value: tuple[str, ...] | str | None) -> str:
    return "unknown" if value is None else value if isinstance(value, str) else " ".join(value)
