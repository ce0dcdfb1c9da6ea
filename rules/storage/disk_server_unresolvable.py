"""The destination cannot resolve the name of a network disk's server.

Why it matters
    The destination's QEMU connects to the server itself and resolves the server's name on the destination: "iSCSI:
    Failed to connect to LUN : Failed to start full connect Invalid target:san.example.com:3260 Can not resolv into
    IPv4/v6".

How to fix
    Make the name that the source uses known to the destination, in DNS or /etc/hosts.
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
                yield on_destination(
                    f"the destination cannot resolve {name}, the server of the disk {disk.target}", error=name
                )
