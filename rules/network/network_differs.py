"""A libvirt network that the guest uses is of another kind on the destination, or serves other addresses.

Why it matters
    libvirt compares nothing but the network's name, and the migration succeeds. Behind a network of another kind (NAT
    instead of a bridge, say) or with other IP addresses, the guest keeps its own address and can no longer be reached.

How to fix
    Define the network on both hosts in the same way: compare virsh net-dumpxml. If the guest is meant to change its
    address, renew its lease after the migration.
"""

from preflight.facts import Networks
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.WARNING, skip=unless_live)
def check(guest: Guest, source_guest: Guest, source: Networks, destination: Networks) -> Findings:
    before = {interface.network for interface in source_guest.devices.interfaces}
    for name in dict.fromkeys(interface.network for interface in guest.devices.interfaces if interface.network):
        mine, other = source.by_name(name), destination.by_name(name)
        if name not in before or mine is None or other is None:
            continue
        if mine.forward != other.forward:
            yield on_destination(
                f"the network {name} has the mode {other.forward or 'isolated'}, and on the source "
                f"{mine.forward or 'isolated'}"
            )
        elif mine.served != other.served:
            yield on_destination(
                f"the network {name} serves {', '.join(sorted(other.served)) or 'no addresses'}, and on the source "
                f"{', '.join(sorted(mine.served)) or 'none'}"
            )
