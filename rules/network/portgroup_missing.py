"""The destination's libvirt network lacks the port group that the guest's interface names.

Why it matters
    libvirt migrates the guest without a warning. On the destination the guest runs without the VLAN, the bandwidth
    limits and the Open vSwitch profile of that port group, so it may be on a different network than before.

How to fix
    Add the port group to the destination's network: virsh net-dumpxml lan on the source, virsh net-edit lan on the
    destination.
"""

from preflight.facts import Networks
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.WARNING, skip=unless_live)
def check(guest: Guest, destination: Networks) -> Findings:
    for interface in dict.fromkeys(guest.devices.interfaces):
        if not interface.network or not interface.portgroup:
            continue
        network = destination.by_name(interface.network)
        if network is not None and interface.portgroup not in network.portgroups:
            yield on_destination(f"the network {network.name} has no port group {interface.portgroup}")
