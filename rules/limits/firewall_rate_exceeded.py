"""The requested migrations open more connections at once than the destination's firewall accepts.

Why it matters
    A firewall may limit the number of connections to a port that begin within a given time, or that are open at once:
    `ufw limit ssh` rejects the sixth connection from one address within 30 seconds. Each `virsh migrate` over
    qemu+ssh:// opens a login, each one over TLS or TCP opens a connection to the daemon, and the memory is sent over
    another connection. Connections beyond the limit fail if they are rejected: "Connection refused". If they are
    dropped, the kernel tries again after 1, 3, 7 and more seconds, for about two minutes, and the migration starts late
    or fails.

How to fix
    Start fewer migrations at the same instant; preflight migrate spaces them as far apart as the firewall needs. Or
    accept the source in the destination's firewall before the rule that counts, for example with ufw insert 1 allow
    proto tcp from 192.0.2.11 to any port 22.
"""

from preflight.facts import Firewall, Listening, OwnAddresses, QemuConf, SshdSettings
from preflight.facts.firewall import Rate
from preflight.rule import Findings, Migration, Severity, on_destination, rule, unless_several

#: The start of the message, by what the connection is for.
ERRORS = {
    "ssh": "ssh: connect to host ",
    "libvirt": "unable to connect to server at '",
    "data": "unable to connect to server at '",
}
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
    free = destination_ports.first_free(destination_conf.port_range)
    for opened in migration.connections(sshd=min(destination_sshd.ports, default=None), free=free):
        number = opened.of(wanted)
        for limit, blocked in destination.judge(opened.port, source.global_addresses, destination_own).rates:
            if number <= limit.most:
                continue
            yield on_destination(
                f"the firewall accepts {limit.most} connections to port {opened.port} at once ({limit.text}), but"
                f" {number} are opened for {wanted} simultaneous migrations; beyond that: {blocked}",
                error=ERRORS[opened.what],
                severity=Severity.WARNING if blocked.startswith("drop") and _passes_later(limit, number) else None,
            )


def _passes_later(limit: Rate, connections: int) -> bool:
    """Report whether a dropped connection is accepted when the kernel tries it again: a list is renewed by each try."""
    return limit.interval is not None and not limit.name and (connections - limit.most) * limit.interval <= TRIED_FOR
