"""A bridge or link that a network interface of the guest is attached to does not exist on the destination.

Why it matters
    The destination creates a new tap device for the guest and attaches it to the bridge that the guest's definition
    names, directly or through a libvirt network in bridge mode: "Cannot get interface MTU on 'br9': No such device",
    or, if the link of that name is not a bridge, "Unable to add bridge br9 port vnet0: Operation not supported". The
    link under a macvtap interface, or those of a libvirt network in macvtap mode, must exist as well: "Unable to get
    index for interface eth9: No such device"; and so must a tap device that libvirt does not create itself: "target
    managed='no' but specified dev doesn't exist". An Open
    vSwitch bridge is a link too; without Open vSwitch on the destination libvirt reports "Unable to add port vnet0 to
    OVS bridge br9".

How to fix
    Create a bridge of that name on the destination, in the host's network configuration so that it persists, or attach
    the guest's interface to a libvirt network, which may use a different bridge on each host.
"""

from preflight.facts import Links, Networks, Storage
from preflight.facts.guest import OPEN_VSWITCH
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

_BRIDGE = frozenset(("bridge",))
#: Kinds of bridge that a libvirt network may use: its virtual port decides which.
_OF_A_NETWORK = frozenset(("bridge", "openvswitch"))
#: Modes of a network whose guests are attached to a link directly.
_MACVTAP = frozenset(("bridge", "private", "vepa", "passthrough"))
_NO_LINK = "Unable to get index for interface {}: No such device"


@rule(Severity.ERROR, skip=unless_live, errors=(_NO_LINK.format("..."),))
def check(guest: Guest, destination: Links, destination_networks: Networks, destination_storage: Storage) -> Findings:
    for interface in dict.fromkeys(guest.devices.interfaces):
        named = destination_networks.by_name(interface.network) if interface.network else None
        through = f", required by the network {named.name}," if named else ""
        name = named.bridge if named and named.active else interface.bridge
        switch = interface.virtual_port == "openvswitch" and interface.network is None
        if name and not destination.has(name):
            yield on_destination(
                f"the bridge {name}{through} does not exist on the destination",
                error=f"Cannot get interface MTU on '{name}': No such device",
            )
        elif name and switch and not any(destination_storage.look(path).exists for path in OPEN_VSWITCH):
            yield on_destination(
                "ovs-vsctl is not installed, so Open vSwitch is missing", error=f"to OVS bridge {name}"
            )
        elif name and not switch and destination.is_other_than(name, _OF_A_NETWORK if named else _BRIDGE):
            yield on_destination(
                f"{name}{through} exists on the destination, but is not a bridge",
                error=f"Unable to add bridge {name} port",
            )
        if interface.link and not destination.has(interface.link):
            yield on_destination(
                f"the link {interface.link} does not exist on the destination", error=_NO_LINK.format(interface.link)
            )
        links = named.links if named and named.active and named.forward in _MACVTAP else ()
        if links and not any(map(destination.has, links)):
            yield on_destination(
                f"none of the links {', '.join(links)}{through} exists on the destination",
                error=_NO_LINK.format(links[0]),
            )
        if interface.tap and not destination.has(interface.tap):
            yield on_destination(
                f"the tap device {interface.tap} does not exist on the destination, and libvirt does not create it",
                error="target managed='no' but specified dev doesn't exist",
            )
