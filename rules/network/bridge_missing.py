"""A bridge or link that an interface of the guest is put on does not exist on the destination.

Why it matters
    The destination makes the guest's tap device anew and puts it on the bridge of the same name, which the guest or a
    libvirt network of the bridge kind names: "Cannot get interface MTU on 'br9': No such device". The link that a
    macvtap interface sits on has to exist as well (from libvirt's source: not seen in the lab).

How to fix
    Make a bridge of that name on the destination, in its own network configuration so that it stays, or give the
    guest's interface a libvirt network, which may have another bridge on each host.
"""

from preflight.facts import Links, Networks
from preflight.host import Guest
from preflight.migration import unless_live
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Links, destination_networks: Networks) -> Findings:
    for interface in dict.fromkeys(guest.devices.interfaces):
        named = destination_networks.by_name(interface.network) if interface.network else None
        through = f", which the network {named.name} needs," if named else ""
        name = named.bridge if named and named.active else interface.bridge
        if name and not destination.has(name):
            yield on_destination(
                f"the bridge {name}{through} is not here", error=f"Cannot get interface MTU on '{name}': No such device"
            )
        if interface.link and not destination.has(interface.link):
            yield on_destination(f"the link {interface.link} is not here")
