"""The server that a network disk is on does not take the destination's connections.

Why it matters
    The destination's QEMU connects to the server before the memory comes: "Failed to connect to '192.0.2.9:10809':
    Connection refused", "iSCSI: Failed to connect to LUN". That the source is connected says nothing of it: a firewall
    or the server may let in the source alone. Tried is whether a connection is taken at all, not the login nor whether
    the export is there.

How to fix
    Let the destination in at the server, and start what listens there.
"""

from collections.abc import Iterable

from preflight.facts import DiskPorts, DiskServers, Storage
from preflight.facts.guest import Disk, Server
from preflight.host import Guest
from preflight.rule import Finding, Findings, Severity, of_each, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live, errors=("-blockdev ...: Failed to connect to '...': Connection refused",))
def check(
    guest: Guest, destination: DiskPorts, destination_servers: DiskServers, destination_storage: Storage
) -> Findings:
    def refused(of_disk: tuple[Disk, Iterable[Server]]) -> Iterable[Finding]:
        disk, layer = of_disk
        found = []
        for server in layer:
            refusal = (
                _of_socket(disk, server.socket, destination_storage)
                if server.socket
                else _of_port(disk, server, destination, destination_servers)
            )
            if refusal is None:
                return ()
            found.append(refusal)
        return found

    yield from of_each(((disk, layer) for disk in guest.disks for layer in disk.remote), refused)


def _of_socket(disk: Disk, path: str, there: Storage) -> Finding | None:
    if there.look(path).kind == "socket":
        return None
    return on_destination(f"no server listens at {path} here, for the disk {disk.target}", error=path)


def _of_port(disk: Disk, server: Server, there: DiskPorts, names: DiskServers) -> Finding | None:
    """None where it answers, and where nothing can be said: no port is known, or another rule speaks of the name."""
    if not server.ports or (server.named and not names.resolves(server.name)):
        return None
    reasons = [there.refusal(server.name, port) for port in server.ports]
    if None in reasons:
        return None
    where = f"{server.name}:{server.ports[0]}"
    return on_destination(
        f"{where}, where the disk {disk.target} is, does not take a connection from here: {reasons[0]}",
        error={"nbd": f"Failed to connect to '{where}'", "iscsi": "iSCSI: Failed to connect"}.get(server.protocol),
    )
