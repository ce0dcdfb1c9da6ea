"""The destination cannot receive disks at the host in --disks-uri, or the source resolves that host differently.

Why it matters
    With --disks-uri the destination's QEMU listens only on that host's address, and the source's QEMU connects to it.
    If the host is not one of the destination's addresses: "nbd-server-start: Failed to bind socket: Cannot assign
    requested address"; if either end does not know the name: "address resolution failed"; if the source connects to
    another machine, or to itself: "blockdev-add: Failed to connect to 'host:49153': Connection refused". With --p2p
    virsh may print "End of file while reading data" instead; the log of the source's daemon has the reason.

How to fix
    Name an address of the destination that the source can reach, or omit --disks-uri: then the disks are sent to the
    same host as the memory.
"""

from preflight.facts import DisksName, OwnAddresses
from preflight.facts.names import ANY
from preflight.rule import Findings, Severity, Unreadable, on_destination, on_source, rule, unless_disks_host_is_given


@rule(
    Severity.ERROR,
    skip=unless_disks_host_is_given,
    errors=(
        "'nbd-server-start': Failed to bind socket: Cannot assign requested address",
        "'nbd-server-start': address resolution failed for ",
        "'blockdev-add': address resolution failed for ",
        "'blockdev-add': Failed to connect to '...': Connection refused",
    ),
)
def check(
    source: OwnAddresses, source_disks: DisksName, destination: OwnAddresses, destination_disks: DisksName
) -> Findings:
    name = source_disks.name
    right = f"--disks-uri tcp://{destination.reachable_from(source)}"
    unknown = f"address resolution failed for {name}:"
    if not destination_disks.addresses:
        yield on_destination(f"the destination cannot resolve {name} in --disks-uri", error=unknown, fix=right)
        return
    every = ANY.intersection(destination_disks.addresses)
    taken = {one for one in destination_disks.addresses if destination.has(one)}
    if not taken and not every:
        yield on_destination(
            f"the destination resolves {name} in --disks-uri to {_all(destination_disks)}, not to its own address",
            error="Failed to bind socket: Cannot assign requested address",
            fix=right,
        )
        return
    if not source_disks.addresses:
        yield on_source(f"the source cannot resolve {name} in --disks-uri", error=unknown, fix=right)
        return
    led = {one for one in source_disks.addresses if destination.has(one) and not source.has(one)}
    if led and (every or led & taken):
        return
    if not led and not all(source.has(one) or one in ANY for one in source_disks.addresses):
        raise Unreadable(f"the source resolves {name} to {_all(source_disks)}, which is not an address of either host")
    yield on_source(
        f"the source resolves {name} in --disks-uri to {_all(source_disks)}, where the destination does not listen",
        error=f"Failed to connect to '{name}:",
        fix=right,
    )


def _all(name: DisksName) -> str:
    return ", ".join(name.addresses)
