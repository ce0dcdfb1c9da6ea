"""The destination's KVM lacks a Hyper-V enlightenment that the guest uses.

Why it matters
    Windows guests use interfaces of Hyper-V that the host's kernel provides. Without them QEMU ends as the guest
    arrives: "kernel doesn't allow setting HyperV VP_INDEX", "host doesn't support hyperv 'evmcs' feature". Whether the
    kernel provides one depends on its release, on the CPU, and on the hypervisor that the host itself runs on. This
    rule relies on what libvirt lists, and only reports the enlightenments without which QEMU was seen to fail; guests
    with others, as relaxed, runtime, reset or frequencies, were seen to start without the kernel's support.

How to fix
    Upgrade the destination's kernel, or move the guest to a host with the same CPU and kernel as the source. Otherwise
    shut the guest down and turn the enlightenment off in <features><hyperv>.
"""

from preflight.facts import DomainCapabilities
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

#: Enlightenments that were tried on a host without them (QEMU 10.0.13); most of them need vpindex as well.
_NEEDED = ("vapic", "vpindex", "synic", "stimer", "reenlightenment", "tlbflush", "ipi", "evmcs")
#: Those without which QEMU names the index of virtual processors.
_INDEXED = ("vpindex", "synic", "stimer", "tlbflush", "ipi")


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=("kernel doesn't allow setting HyperV VP_INDEX", "host doesn't support hyperv '...' feature"),
)
def check(guest: Guest, destination: DomainCapabilities) -> Findings:
    if guest.virt_type != "kvm":
        return
    used = parse_xml(guest.xml).find("features/hyperv")
    for feature in () if used is None else used:
        if feature.get("state") != "on" or feature.tag not in _NEEDED:
            continue
        if destination.has("hyperv", "features", feature.tag) is False:
            yield on_destination(
                f"this host's KVM does not offer the Hyper-V enlightenment {feature.tag}",
                error="kernel doesn't allow setting HyperV VP_INDEX" if feature.tag in _INDEXED else None,
            )
