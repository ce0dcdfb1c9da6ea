"""The guest's memory is bound to a NUMA node that the destination does not have.

Why it matters
    The destination's libvirt refuses to start the guest, whatever the mode of the binding, even if other nodes in the
    list exist: "unsupported configuration: NUMA node 1 is unavailable".

How to fix
    Give the guest nodes that both hosts have (virsh numatune guest --nodeset 0 --config, then shut the guest down and
    start it again), or migrate with --xml and a changed nodeset. virsh capabilities lists a host's nodes.
"""

from preflight.facts import HostMemory
from preflight.facts.guest import GuestBacking
from preflight.facts.text import listed
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: HostMemory) -> Findings:
    wanted = GuestBacking.of(guest).nodes
    if not wanted:
        return
    nodes = destination.told().nodes
    if nodes is None:
        raise Unreadable("the destination's kernel does not report its NUMA nodes")
    missing = wanted - nodes
    if missing:
        yield on_destination(
            f"the guest's memory is bound to NUMA nodeset {listed(wanted)}; this host has the nodes {listed(nodes)}",
            error=f"NUMA node {min(missing)} is unavailable",
        )
