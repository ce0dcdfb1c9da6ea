"""On the destination, libvirt does not listen for connections over the requested transport.

Why it matters
    libvirt reports "unable to connect to server at 'host2.example.com:16514': Connection refused". If systemd starts
    the daemon through its socket units, listen_tls, listen_tcp and the ports in libvirtd.conf have no effect: the units
    decide.

How to fix
    On the destination, while its daemon is stopped: systemctl enable --now libvirtd-tls.socket (or -tcp.socket, or
    those of virtproxyd), then start the daemon again. Or use qemu+ssh, which needs no separate port for libvirt.
"""

from preflight.facts import Daemons, Listening, ManagedConnection, NetworkListener, SourcesConnection
from preflight.facts.control import CANNOT_CONNECT, ControlConnection
from preflight.facts.text import Located, Value
from preflight.rule import Findings, Migration, Severity, Transport, on_destination, rule, unless_over_network


@rule(
    Severity.ERROR,
    skip=unless_over_network,
    errors=(
        "unable to connect to server at '...': Connection refused",
        "unable to connect to server at '...:16509': Connection refused",
        "unable to connect to server at '...:16514': Connection refused",
    ),
)
def check(
    source: SourcesConnection,
    destination: ManagedConnection,
    destination_ports: Listening,
    destination_listener: NetworkListener,
    destination_daemons: Daemons,
    migration: Migration,
) -> Findings:
    opened: ControlConnection = source if migration.peer_to_peer else destination
    port = migration.control_port
    if opened.opened or port is None or destination_ports.used_in(port, port):
        return
    is_tls = migration.transport is Transport.TLS
    if is_tls and not destination_daemons.running and destination_listener.problem is not None:
        return  # the certificates keep the daemon, and so its sockets, from starting: tls-certificate reports this
    name = migration.transport.value
    ignored = _ignored(destination_listener, name)
    tail = f"; {ignored[0]} has no effect: systemd's socket units decide" if ignored else ""
    yield on_destination(
        f"nothing listens on port {port} (libvirt over {name}){tail}",
        at=ignored[1] if ignored else None,
        error=opened.refusal or CANNOT_CONNECT,
        fix=f"on the destination: systemctl stop {destination_listener.daemon}; "
        f"systemctl enable --now {destination_listener.daemon}-{name}.socket; "
        f"systemctl start {destination_listener.daemon}",
    )


def _ignored(listener: NetworkListener, name: str) -> tuple[str, Located[Value]] | None:
    """Return the setting that was meant to make the daemon listen, and its name and file."""
    for key in (f"{name}_port", f"listen_{name}"):
        found = listener.conf.get(key)
        if found is not None and found.value:
            return f"{key} in {listener.conf.path}", found
    return None
