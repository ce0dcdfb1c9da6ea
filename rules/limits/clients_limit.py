"""The requested migrations need more client connections than the libvirt daemon has left.

Why it matters
    Each `virsh migrate` is a client of both daemons. Beyond max_clients a daemon accepts no connection: further clients
    wait, without a message, until other clients have disconnected.

How to fix
    Raise max_clients in the daemon's configuration and restart the daemon. For an immediate effect that lasts until the
    next restart: virt-admin server-clients-set libvirtd --max-clients N. Or run fewer migrations at a time.
"""

from preflight.facts import DaemonLimits
from preflight.rule import Change, Findings, Migration, Severity, on_host, rule


@rule(Severity.WARNING)
def check(host: DaemonLimits, migration: Migration) -> Findings:
    free = host.room_for_clients()
    if migration.concurrency > free:
        yield on_host(
            f"max_clients is {host.max_clients}, of which {host.clients} are in use: there is room for {free},"
            f" but {migration.concurrency} are requested",
            at=host.max_clients,
            change=Change(host.conf.path, "max_clients", (host.clients or 0) + migration.concurrency),
        )
