"""A libvirt network that the guest uses does not exist on the destination, or is not active there.

Why it matters
    The guest's interface names the network, and libvirt does not start networks by itself: "Network not found: no
    network with matching name 'lan'" or "network 'lan' is not active". A VNC or SPICE display can listen at the address
    of a network (`<listen type='network'>`), which must then exist as well.

How to fix
    Define the network on the destination under the same name (virsh net-dumpxml on the source, virsh net-define on the
    destination), and start it: virsh net-start lan; virsh net-autostart lan.
"""

from preflight.facts import Networks
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Networks) -> Findings:
    for name in dict.fromkeys(interface.network for interface in guest.devices.interfaces if interface.network):
        network = destination.by_name(name)
        if network is None:
            yield on_destination(
                f"the network {name} does not exist", error=f"Network not found: no network with matching name '{name}'"
            )
        elif not network.active:
            yield on_destination(
                f"the network {name} is not active",
                error=f"network '{name}' is not active",
                fix=f"on the destination: virsh net-start {name}",
            )
    displays = parse_xml(guest.xml).iterfind("devices/graphics/listen[@type='network']")
    for name in dict.fromkeys(listen.get("network", "") for listen in displays):
        if destination.by_name(name) is None:
            yield on_destination(
                f"the network {name}, at whose address the guest's display listens, does not exist",
                error=f"Network not found: no network with matching name '{name}'",
            )
