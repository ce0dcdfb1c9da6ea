"""A TCP port that the guest's console or a device is to listen on is taken on the destination.

Why it matters
    A port that the definition fixes is taken over as it is, and QEMU does not start where something listens on it:
    "Failed to find an available port: Address already in use", of SPICE "failed to initialize spice server". A port
    that is left to libvirt (autoport='yes') is chosen anew. Of UDP ports nothing is said: two may share one.

How to fix
    Stop what listens there (ss -ltnp on the destination), or leave the port to libvirt. While the guest runs, another
    port can be given for the move: virsh dumpxml --migratable, edit, virsh migrate --xml.
"""

from preflight.facts import HostsFile, Listening
from preflight.facts.guest import GuestPorts
from preflight.facts.names import ANY, listens_at
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Listening, destination_hosts: HostsFile) -> Findings:
    unknown = ""
    for port in GuestPorts.of(guest.xml).listens:
        try:
            wanted = (port.address,) if port.address in ANY else listens_at(port.address, destination_hosts)
        except Unreadable as why:
            unknown = str(why)
            continue
        if any(destination.in_the_way(address, port.port) for address in wanted):
            yield on_destination(
                f"something listens on port {port.port} here, which the guest's {port.device} is to listen on",
                error="failed to initialize spice server"
                if port.device == "SPICE"
                else "Failed to find an available port: Address already in use",
            )
    if unknown:
        raise Unreadable(unknown)
