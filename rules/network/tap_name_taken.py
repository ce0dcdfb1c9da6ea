"""A link of the name that the guest's interface is to have exists on the destination.

Why it matters
    An interface may name the tap device that libvirt makes for it, and the name has to be free: "The web0 interface
    already exists". Names that libvirt chooses itself, as vnet0, are chosen anew.

How to fix
    Remove the link on the destination (ip link del web0) if it is left over, or name the guest's interface otherwise.
"""

from preflight.facts import Links
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

#: Those for which libvirt makes a tap device; the XML of an active guest has what its network came to.
_TAPS = frozenset(("bridge", "network", "ethernet"))


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Links) -> Findings:
    for interface in guest.devices.interfaces:
        if interface.name and interface.type in _TAPS and destination.has(interface.name):
            yield on_destination(
                f"there is a link {interface.name} here already, as the guest's interface is to be called",
                error=f"The {interface.name} interface already exists",
            )
