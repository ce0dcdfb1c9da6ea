"""The migration would use RDMA, but the guest has no hard limit on its memory.

Why it matters
    RDMA locks the guest's memory in the host's RAM, and libvirt allows that only up to the guest's hard limit: "cannot
    start RDMA migration with no memory hard limit set".

How to fix
    Set a hard limit that covers the guest's memory and what its QEMU needs in addition (virsh memtune GUEST
    --hard-limit KiB), or send the memory over TCP.
"""

from preflight.facts.guest import GuestBacking
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule, unless_over_rdma


@rule(Severity.ERROR, skip=unless_over_rdma)
def check(source_guest: Guest) -> Findings:
    if not GuestBacking.of(source_guest).has_hard_limit:
        yield on_source(
            "<memtune> sets no <hard_limit>", error="cannot start RDMA migration with no memory hard limit set"
        )
