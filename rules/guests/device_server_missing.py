"""A device of the guest connects to a server that does not answer on the destination.

Why it matters
    A serial port or another character device that is a TCP client connects when QEMU starts, and therefore again on the
    destination: "Failed to connect to '127.0.0.1:4555': Connection refused". A server on any host other than the
    destination is not checked: it is unknown whether that server accepts connections from the destination, and the
    finding is informational.

How to fix
    Start the server on the destination too, or let QEMU continue without it: <reconnect enabled='yes' timeout='5'/> in
    the device's <source>.
"""

from preflight.facts import HostsFile, Listening, OwnAddresses
from preflight.facts.guest import GuestPorts
from preflight.facts.names import listens_at
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live, errors=("-chardev ...: Failed to connect to '...': Connection refused",))
def check(
    guest: Guest, destination: Listening, destination_addresses: OwnAddresses, destination_hosts: HostsFile
) -> Findings:
    for server in GuestPorts.of(guest.xml).connects:
        try:
            # the wildcard address means this host
            meant = listens_at(server.address, destination_hosts) or ("127.0.0.1",)
        except Unreadable:
            meant = ()
        if not meant or not all(destination_addresses.has(address) for address in meant):
            yield on_destination(
                f"the guest connects to {server.address}, port {server.port} ({server.device}): "
                "it is unknown whether the server there accepts connections from this host",
                severity=Severity.INFO,
            )
        elif not any(destination.has(address, server.port) for address in meant):
            yield on_destination(
                f"nothing listens on port {server.port} here, which the guest connects to ({server.device})",
                error=f"Failed to connect to '{server.address}:{server.port}': Connection refused",
            )
