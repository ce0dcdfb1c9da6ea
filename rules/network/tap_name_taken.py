"""The name that the guest's tap device must have is already in use on the destination.

Why it matters
    An interface may name the tap device that libvirt creates for it, and that name must be free: "The web0 interface
    already exists". Names that libvirt chooses itself, such as vnet0, are chosen again on the destination.

How to fix
    Remove the link on the destination (ip link del web0) if it is left over, or give the guest's interface another
    name.
"""

from preflight.facts import Links
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

#: Interface types for which libvirt creates a tap device; the XML of a running guest has the actual type of a network.
_TAPS = frozenset(("bridge", "network", "ethernet"))


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Links) -> Findings:
    for interface in guest.devices.interfaces:
        if interface.name and interface.type in _TAPS and destination.has(interface.name):
            yield on_destination(
                f"a link named {interface.name}, the name of the guest's interface, already exists on the destination",
                error=f"The {interface.name} interface already exists",
            )
