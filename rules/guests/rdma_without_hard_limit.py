"""The memory is to go over RDMA, and the guest's has no hard limit.

Why it matters
    RDMA locks the guest's memory in the host's, and libvirt allows that up to the guest's hard limit alone: "cannot
    start RDMA migration with no memory hard limit set".

How to fix
    Set a hard limit of the guest's memory and what its QEMU takes beside it (virsh memtune GUEST --hard-limit KiB), or
    send the memory over TCP.
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
