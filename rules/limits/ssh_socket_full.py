"""More ssh connections are open, or begin at the same instant, than sshd's socket unit accepts.

Why it matters
    If a systemd socket starts an sshd for each connection (Accept=yes, as in Red Hat's sshd.socket), sshd's MaxStartups
    counts nothing, and the limits of the unit apply. Each `virsh migrate` over qemu+ssh:// keeps a connection open
    until the guest has moved, on the source too. systemd closes connections beyond MaxConnections (64 by default) or
    MaxConnectionsPerSource: "kex_exchange_identification: read: Connection reset by peer". If more connections begin
    within TriggerLimitIntervalSec than TriggerLimitBurst, the socket fails and accepts no connection until it is
    restarted, whoever wants to log in.

How to fix
    Migrate fewer guests at a time, or raise the limit of the unit: systemctl edit sshd.socket (ssh.socket on Debian),
    then systemctl daemon-reload and systemctl restart sshd.socket. Or have a single sshd listen: systemctl disable
    --now sshd.socket, and systemctl enable --now sshd.service.
"""

from preflight.facts import SshdSettings
from preflight.facts.ssh import TURNED_AWAY
from preflight.rule import (
    Findings,
    Migration,
    Severity,
    on_destination,
    on_source,
    rule,
    unless_over_ssh,
)


@rule(Severity.ERROR, skip=unless_over_ssh)
def check(source: SshdSettings, destination: SshdSettings, migration: Migration) -> Findings:
    wanted = migration.concurrency
    ends = [(on_destination, destination), *([(on_source, source)] if migration.source_over_ssh else [])]
    for on_end, sshd in ends:
        socket = sshd.socket
        if socket is None:
            continue
        if socket.most is not None and socket.others + wanted > socket.most:
            yield on_end(
                f"MaxConnections of {socket.unit} is {socket.most}: {socket.others} other ssh connections are open, and"
                f" {wanted} more are requested",
                error=TURNED_AWAY,
            )
        if socket.most_per_source is not None and wanted > socket.most_per_source:
            yield on_end(
                f"MaxConnectionsPerSource of {socket.unit} is {socket.most_per_source}, but {wanted} connections from"
                " one address are requested",
                error=TURNED_AWAY,
            )
        if socket.trigger_burst is not None and wanted > socket.trigger_burst:
            yield on_end(
                f"TriggerLimitBurst of {socket.unit} is {socket.trigger_burst}: it fails if {wanted} connections begin"
                f" within {socket.trigger_seconds:g} s",
                error=TURNED_AWAY,
            )
