"""The destination's firewall blocks migration ports for the source.

Why it matters
    The guest's memory is sent over a separate TCP port, 49152 or above, regardless of the transport of the control
    connection. If the firewall rejects the port, libvirt reports "unable to connect to server at 'host2:49152':
    Connection refused" or "No route to host"; if it drops the packets, the migration hangs for minutes first:
    "Connection timed out".

How to fix
    Open the range on the destination for the source, in the host's own configuration: with firewalld, firewall-cmd
    --permanent --add-port=49152-49215/tcp, followed by firewall-cmd --reload; with ufw, ufw allow 49152:49215/tcp.
    Otherwise accept it before the rule that the finding names, in the same chain: nft insert rule FAMILY TABLE CHAIN
    tcp dport 49152-49215 accept, or iptables -I CHAIN -p tcp --dport 49152:49215 -j ACCEPT. Or narrow the range from
    migration_port_min to migration_port_max in the destination's qemu.conf to ports that are open, and restart its
    libvirt daemon.
"""

from preflight.facts import Firewall, Listening, OwnAddresses, PeerName, QemuConf
from preflight.rule import Findings, Migration, Severity, on_destination, rule, without_data_connection


@rule(
    Severity.ERROR,
    skip=without_data_connection,
    errors=(
        "unable to connect to server at '...': Connection timed out",
        "unable to connect to server at '...': No route to host",
        "unable to connect to server at '...': Connection refused",
        "unable to connect to server at '...:49152': Connection refused",
    ),
)
def check(
    source: OwnAddresses,
    source_peer: PeerName,
    destination: Firewall,
    destination_own: OwnAddresses,
    destination_conf: QemuConf,
    destination_ports: Listening,
    migration: Migration,
) -> Findings:
    free = destination_ports.free(destination_conf.port_range) if migration.ports_each else []
    given = [port for _, port in migration.ports_given]
    taken = [*given, *free[: migration.concurrency * migration.ports_each]]
    leaving = tuple(met.address for address in source_peer.addresses for met in source.met_by(address))
    closed: dict[str, list[int]] = {}
    judged = destination.judge_all((*given, *free), leaving or source.global_addresses, destination_own)
    for port, judgement in judged:
        if judgement.action != "accept":
            closed.setdefault(f"{judgement.action} by {judgement.rule}", []).append(port)
    for reason, shut in closed.items():
        hit = [port for port in shut if port in taken]
        span = f"port {shut[0]}" if len(shut) == 1 else f"{len(shut)} ports from {shut[0]} to {shut[-1]}"
        yield on_destination(
            f"the firewall blocks {span} for the source: {reason}",
            error="unable to connect to server at '" if hit else None,
            severity=None if hit else Severity.WARNING,
        )
