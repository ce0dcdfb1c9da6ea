"""More migrations start at the same instant than the destination's firewall accepts connections.

Why it matters
    A firewall may limit how many connections to a port begin in a time, or are open together: `ufw limit ssh` rejects
    the sixth connection from one address within 30 seconds. Each `virsh migrate` over qemu+ssh:// opens a login, each
    one over TLS or TCP a connection to the daemon, and the memory is sent over another connection. Connections beyond
    the limit fail if they are rejected: "Connection refused". If they are dropped, the kernel tries again after 1, 3,
    7 and more seconds, for about two minutes, and the migration starts late or fails.

How to fix
    Start fewer migrations at the same instant; preflight migrate spaces them as far apart as the firewall needs. Or
    accept the source in the destination's firewall before the rule that counts, for example with ufw insert 1 allow
    proto tcp from 192.0.2.11 to any port 22.
"""

from collections.abc import Iterator

from preflight.facts import Firewall, Listening, OwnAddresses, QemuConf, SshdSettings
from preflight.facts.firewall import Rate
from preflight.rule import Findings, Migration, Severity, Transport, on_destination, rule, unless_several

#: preflight's own connection to the port of the control connection, which counts too.
OWN = 1
#: Seconds after which the kernel sends the last SYN but one: net.ipv4.tcp_syn_retries is 6.
TRIED_FOR = 63.0


@rule(
    Severity.ERROR,
    skip=unless_several,
    errors=(
        "ssh: connect to host ... port ...: ",
        "unable to connect to server at '...:49152': Connection refused",
    ),
)
def check(
    source: OwnAddresses,
    destination: Firewall,
    destination_own: OwnAddresses,
    destination_conf: QemuConf,
    destination_ports: Listening,
    destination_sshd: SshdSettings,
    migration: Migration,
) -> Findings:
    wanted = migration.concurrency
    for port, connections, error in _connections(migration, destination_conf, destination_ports, destination_sshd):
        for limit, blocked in destination.judge(port, source.global_addresses, destination_own).rates:
            if connections <= limit.most:
                continue
            yield on_destination(
                f"the firewall accepts {limit.most} connections to port {port} at once ({limit.text}), but"
                f" {connections} are opened for {wanted} simultaneous migrations; beyond that: {blocked}",
                error=error,
                severity=Severity.WARNING if blocked.startswith("drop") and _passes_later(limit, connections) else None,
            )


def _connections(
    migration: Migration, conf: QemuConf, listening: Listening, sshd: SshdSettings
) -> Iterator[tuple[int, int, str]]:
    """Yield each port that the migrations connect to, with the connections to it and the start of the error."""
    if migration.transport is Transport.SSH and sshd.ports:
        yield sshd.ports[0], migration.concurrency + OWN, "ssh: connect to host "
    if migration.control_port is not None:
        yield migration.control_port, migration.concurrency + OWN, "unable to connect to server at '"
    if migration.offline or migration.tunnelled:
        return
    taken = listening.used_in(conf.port_range.start, conf.port_range.stop - 1)
    free = next((port for port in conf.port_range if port not in taken), None)
    data = migration.memory_to.port or free
    if data is not None:
        yield data, migration.concurrency * migration.data_connections, "unable to connect to server at '"


def _passes_later(limit: Rate, connections: int) -> bool:
    """Report whether a dropped connection is accepted when the kernel tries it again: a list is renewed by each try."""
    return limit.interval is not None and not limit.name and (connections - limit.most) * limit.interval <= TRIED_FOR
