"""The destination cannot resolve the name of the server that a network disk is on.

Why it matters
    The destination's QEMU connects to the server itself and looks its name up there: "iSCSI: Failed to connect to LUN :
    Failed to start full connect Invalid target:san.example.com:3260 Can not resolv into IPv4/v6".

How to fix
    Give the destination the name that the source knows, in DNS or /etc/hosts.
"""

from preflight.facts import DiskServers
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "Invalid target:... Can not resolv into IPv4/v6",
        "-blockdev ...: address resolution failed for ",
    ),
)
def check(guest: Guest, destination: DiskServers) -> Findings:
    for disk in guest.disks:
        for name in dict.fromkeys(server.name for server in disk.servers if server.named):
            if not destination.resolves(name):
                yield on_destination(f"{name}, the server of the disk {disk.target}, has no address here", error=name)
