"""The libvirt daemon has a network, mounts or configuration files of its own, which a login does not see.

Why it matters
    A unit of systemd can give libvirtd or virtqemud a network with no interface but lo (PrivateNetwork=), and hide or
    replace directories (ProtectHome=, PrivateTmp=, ProtectSystem=, BindPaths=). Each QEMU inherits that. If the
    destination's daemon has no network, its QEMU waits for the guest where nobody can reach it: "unable to connect to
    server at 'host2:49152': Connection refused". If the source's has none: "Network is unreachable".

    Files are looked up with the daemon's mounts, so that a file which is there for a shell can be missing for the
    daemon. If the daemon sees another /etc/libvirt than the login, as in a container that shares the host's processes,
    its settings are unknown.

How to fix
    Remove the setting from the daemon's unit (systemctl cat libvirtd.service), and restart the daemon. To see what it
    sees: nsenter --target PID --mount --net.
"""

from collections.abc import Callable, Iterator

from preflight.facts import Confinement
from preflight.rule import (
    Finding,
    Findings,
    Migration,
    Severity,
    Unreadable,
    on_destination,
    on_source,
    rule,
    without_data_connection,
)


@rule(
    Severity.ERROR,
    errors=(
        "unable to connect to server at '...:49152': Connection refused",
        "unable to connect to server at '...': Network is unreachable",
    ),
)
def check(source: Confinement, destination: Confinement, migration: Migration) -> Findings:
    data = without_data_connection(migration) is None
    # the source connects for the memory, or to the destination's daemon
    yield from _of(source, on_source, "Network is unreachable", connects=data or migration.peer_to_peer)
    yield from _of(destination, on_destination, "unable to connect to server at '", connects=data)
    for end, role in ((source, "source"), (destination, "destination")):
        if end.other_conf:
            raise Unreadable(
                f"the {role}'s {end.daemon} sees another /etc/libvirt than the login, as in a container:"
                " its settings are unknown"
            )
        if end.interfaces:
            raise Unreadable(
                f"the {role}'s {end.daemon} has a network of its own, with {', '.join(end.interfaces)}:"
                " its addresses, ports and firewall are unknown"
            )


def _of(end: Confinement, on_end: Callable[..., Finding], error: str, *, connects: bool) -> Iterator[Finding]:
    if end.network_of and not end.interfaces and connects:
        yield on_end(
            f"{end.daemon} (PID {end.network_of}) has a network of its own without an interface (PrivateNetwork=)",
            error=error,
        )
    if end.mounts_of:
        yield on_end(
            f"{end.daemon} (PID {end.mounts_of}) has mounts of its own, with which files were looked up",
            severity=Severity.INFO,
        )
