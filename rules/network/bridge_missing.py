"""A bridge or link that an interface of the guest is put on does not exist on the destination.

Why it matters
    The destination makes the guest's tap device anew and puts it on the bridge of the same name, which the guest or a
    libvirt network of the bridge kind names: "Cannot get interface MTU on 'br9': No such device", or, where a link of
    that name is no bridge, "Unable to add bridge br9 port vnet0: Operation not supported". The link that a macvtap
    interface sits on has to exist as well (from libvirt's source: not seen in the lab), and so does a tap device that
    the guest's owner makes: "target managed='no' but specified dev doesn't exist". A bridge of Open vSwitch is a link
    too; without Open vSwitch on the destination "Unable to add port vnet0 to OVS bridge br9".

How to fix
    Make a bridge of that name on the destination, in its own network configuration so that it stays, or give the
    guest's interface a libvirt network, which may have another bridge on each host.
"""

from preflight.facts import Links, Networks, Storage
from preflight.facts.guest import OPEN_VSWITCH
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

_BRIDGE = frozenset(("bridge",))
#: What a libvirt network's bridge may be: its own virtual port says which.
_OF_A_NETWORK = frozenset(("bridge", "openvswitch"))


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Links, destination_networks: Networks, destination_storage: Storage) -> Findings:
    for interface in dict.fromkeys(guest.devices.interfaces):
        named = destination_networks.by_name(interface.network) if interface.network else None
        through = f", which the network {named.name} needs," if named else ""
        name = named.bridge if named and named.active else interface.bridge
        switch = interface.virtual_port == "openvswitch" and interface.network is None
        if name and not destination.has(name):
            yield on_destination(
                f"the bridge {name}{through} is not here", error=f"Cannot get interface MTU on '{name}': No such device"
            )
        elif name and switch and not any(destination_storage.look(path).exists for path in OPEN_VSWITCH):
            yield on_destination("there is no ovs-vsctl, so no Open vSwitch", error=f"to OVS bridge {name}")
        elif name and not switch and destination.is_other_than(name, _OF_A_NETWORK if named else _BRIDGE):
            yield on_destination(f"{name}{through} is here, but no bridge", error=f"Unable to add bridge {name} port")
        if interface.link and not destination.has(interface.link):
            yield on_destination(f"the link {interface.link} is not here")
        if interface.tap and not destination.has(interface.tap):
            yield on_destination(
                f"the tap device {interface.tap} is not here, and libvirt does not make it",
                error="target managed='no' but specified dev doesn't exist",
            )
