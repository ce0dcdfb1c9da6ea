"""The server of a network disk does not accept connections from the destination.

Why it matters
    The destination's QEMU connects to the server before the memory is sent: "Failed to connect to '192.0.2.9:10809':
    Connection refused", "iSCSI: Failed to connect to LUN". The source's connection proves nothing: a firewall or the
    server may admit only the source. preflight tests only whether the server accepts a connection, not whether a login
    succeeds or the export exists. If the server does not answer within 5 seconds, the result is unknown.

How to fix
    On the server, admit the destination and start the service.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from preflight.facts import DiskPorts, DiskServers, Storage
from preflight.facts.guest import Disk, Server
from preflight.host import Guest
from preflight.rule import Finding, Findings, Severity, Unreadable, of_each, on_destination, rule, unless_live

T = TypeVar("T")
F = TypeVar("F")


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "-blockdev ...: Failed to connect to '...': Connection refused",
        "-blockdev ...: Failed to connect to '...': No such file or directory",
    ),
)
def check(
    guest: Guest, destination: DiskPorts, destination_servers: DiskServers, destination_storage: Storage
) -> Findings:
    def refused(of_disk: tuple[Disk, Iterable[Server]]) -> Iterable[Finding]:
        disk, layer = of_disk

        def of_server(server: Server) -> Finding | None:
            if server.socket:
                return _of_socket(disk, server.socket, destination_storage)
            return _of_port(disk, server, destination, destination_servers)

        return _unless_one_answers(layer, of_server) or ()

    yield from of_each(((disk, layer) for disk in guest.disks for layer in disk.remote), refused)


def _unless_one_answers(tried: Iterable[T], failure: Callable[[T], F | None]) -> list[F] | None:
    """Return the failures, or None if one did not fail; raises `Unreadable` if one may not have failed."""
    found, unknown = list[F](), None
    for one in tried:
        try:
            failed = failure(one)
        except Unreadable as why:
            unknown = why
            continue
        if failed is None:
            return None
        found.append(failed)
    if unknown is not None:
        raise unknown
    return found


def _of_socket(disk: Disk, path: str, there: Storage) -> Finding | None:
    if there.look(path).kind == "socket":
        return None
    return on_destination(
        f"no server listens at {path} on the destination, required by the disk {disk.target}", error=path
    )


def _of_port(disk: Disk, server: Server, there: DiskPorts, names: DiskServers) -> Finding | None:
    """Return the finding; None if the server answers, if no port is known, or if another rule reports the name."""
    if not server.ports or (server.named and not names.resolves(server.name)):
        return None
    reasons = _unless_one_answers(server.ports, lambda port: there.refusal(server.name, port))
    if reasons is None:
        return None
    where = f"{server.name}:{server.ports[0]}"
    return on_destination(
        f"the destination cannot connect to {where}, the server of the disk {disk.target}: {reasons[0]}",
        error={"nbd": f"Failed to connect to '{where}'", "iscsi": "iSCSI: Failed to connect"}.get(server.protocol),
    )
