"""A TCP port on which the guest's console or another device must listen is in use on the destination.

Why it matters
    A port number in the definition, or in the guest's own arguments for QEMU (-gdb, hostfwd=), is used unchanged, and
    QEMU does not start if something already listens on it: "Failed to find an available port: Address already in use",
    or for SPICE "failed to initialize spice server". A display without an address of its own listens on vnc_listen or
    spice_listen of the destination's qemu.conf. If the port is left to libvirt (autoport='yes'), the destination
    chooses a new one. UDP ports are not checked: two sockets may share one.

How to fix
    Stop the program that listens there (ss -ltnp on the destination), or leave the port to libvirt. For a running
    guest, another port can be given for the migration: edit the output of virsh dumpxml --migratable, and give the
    result to virsh migrate --xml.
"""

from preflight.facts import GuestSettings, HostsFile, Listening
from preflight.facts.daemon import displays
from preflight.facts.guest import GuestPorts
from preflight.facts.names import ANY, listens_at
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live, errors=("Could not set up host forwarding rule '...'",))
def check(
    guest: Guest, destination: Listening, destination_hosts: HostsFile, destination_settings: GuestSettings
) -> Findings:
    unknown = ""
    fixed = [(one.device, one.address, one.port) for one in GuestPorts.of(guest.xml).listens]
    for display in displays(guest.xml, destination_settings):
        if display.filled_in is not None:
            fixed += ((display.device, display.filled_in.value, port) for port in display.ports)
    for device, address, port in fixed:
        try:
            wanted = (address,) if address in ANY else listens_at(address, destination_hosts)
        except Unreadable as why:
            unknown = str(why)
            continue
        if any(destination.in_the_way(one, port) for one in wanted):
            yield on_destination(
                f"port {port}, which the guest must listen on ({device}), is already in use here",
                error=_error(device, address),
            )
    if unknown:
        raise Unreadable(unknown)


def _error(device: str, address: str) -> str:
    if device == "SPICE":
        return "failed to initialize spice server"
    if device.startswith("interface"):
        return f"can't bind ip={address} to socket: Address already in use"
    if device.endswith(("-netdev", "-nic")):
        return "Could not set up host forwarding rule"
    return "Failed to find an available port: Address already in use"
