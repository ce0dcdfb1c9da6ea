"""The destination's firewall blocks the port of libvirt's control connection.

Why it matters
    libvirt listens on port 16514 for TLS and on 16509 for TCP. If the firewall rejects the port, libvirt reports
    "unable to connect to server at 'host2.example.com:16514': Connection refused" or "No route to host"; if the
    firewall drops the packets, nothing is reported for minutes.

How to fix
    Open the port on the destination for the address that the connection comes from, for example with firewall-cmd
    --permanent --add-service=libvirt-tls, followed by firewall-cmd --reload. Or use qemu+ssh.
"""

from preflight.facts import Firewall, Listening, ManagedConnection, OwnAddresses, SourcesConnection
from preflight.facts.control import CANNOT_CONNECT, ControlConnection
from preflight.rule import Findings, Migration, Severity, on_destination, rule, unless_over_network


@rule(
    Severity.ERROR,
    skip=unless_over_network,
    errors=(
        "unable to connect to server at '...': Connection refused",
        "unable to connect to server at '...:16509': Connection refused",
        "unable to connect to server at '...:16514': Connection refused",
        "unable to connect to server at '...': No route to host",
        "unable to connect to server at '...': Connection timed out",
    ),
)
def check(
    source: SourcesConnection,
    destination: ManagedConnection,
    destination_ports: Listening,
    destination_own: OwnAddresses,
    destination_firewall: Firewall,
    migration: Migration,
) -> Findings:
    opened: ControlConnection = source if migration.peer_to_peer else destination
    port = migration.control_port
    if opened.opened or port is None or not destination_ports.used_in(port, port):
        return  # if nothing listens, transport-not-listening reports it
    judgement = destination_firewall.judge(port, opened.came_from, destination_own)
    if judgement.action != "accept":
        client = " ".join(opened.came_from)
        yield on_destination(
            f"the firewall blocks port {port} for {client}: {judgement.action} by {judgement.rule}",
            error=opened.refusal or CANNOT_CONNECT,
        )
