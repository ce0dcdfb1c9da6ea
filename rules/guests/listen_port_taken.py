"""A TCP port on which the guest's console or another device must listen is in use on the destination.

Why it matters
    A port number in the definition is used unchanged, and QEMU does not start if something already listens on it:
    "Failed to find an available port: Address already in use", or for SPICE "failed to initialize spice server". If the
    port is left to libvirt (autoport='yes'), the destination chooses a new one. UDP ports are not checked: two sockets
    may share one.

How to fix
    Stop the program that listens there (ss -ltnp on the destination), or leave the port to libvirt. For a running
    guest, another port can be given for the migration: edit the output of virsh dumpxml --migratable, and give the
    result to virsh migrate --xml.
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
                f"port {port.port}, which the guest must listen on ({port.device}), is already in use here",
                error="failed to initialize spice server"
                if port.device == "SPICE"
                else "Failed to find an available port: Address already in use",
            )
    if unknown:
        raise Unreadable(unknown)
