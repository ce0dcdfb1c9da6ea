"""The destination's libvirt network has no port group of the name that the guest's interface asks for.

Why it matters
    libvirt says nothing and moves the guest: on the destination it goes without the VLAN, the bandwidth limits and the
    Open vSwitch profile that the port group of that name stood for, so it may be in another network than before.

How to fix
    Give the destination's network the port group: virsh net-dumpxml lan on the source, virsh net-edit lan on the
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
