"""The migration would use RDMA, which a host or its QEMU does not support.

Why it matters
    --migrateuri rdma:// requires an InfiniBand, RoCE or iWARP device with an active port and a QEMU built with RDMA on
    both hosts. libvirt lists rdma among its transports in any case, and the migration fails only in QEMU.

How to fix
    Send the memory over TCP, or bring up a port of such a device (rdma link show) and install a QEMU with RDMA.
"""

from preflight.facts import Rdma
from preflight.rule import Findings, Role, Severity, on_host, rule, unless_over_rdma


@rule(Severity.ERROR, skip=unless_over_rdma)
def check(source: Rdma, destination: Rdma) -> Findings:
    for role, rdma in ((Role.SOURCE, source.known()), (Role.DESTINATION, destination.known())):
        if not rdma.ports:
            yield on_host("the host has no RDMA device", role=role)
        elif "ACTIVE" not in rdma.ports.values():
            states = ", ".join(f"{port} is {state}" for port, state in sorted(rdma.ports.items()))
            yield on_host(f"no port of the host's RDMA devices is active: {states}", role=role)
        for emulator, has_it in sorted(rdma.emulators.items()):
            if not has_it:
                yield on_host(f"{emulator} was built without RDMA", role=role)
