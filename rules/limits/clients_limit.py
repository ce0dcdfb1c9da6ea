"""More migrations are asked for than the libvirt daemon has room for clients.

Why it matters
    Each `virsh migrate` is one client of either daemon. Beyond max_clients the daemon takes no further connection: the
    surplus waits, without a message, until others have ended.

How to fix
    Raise max_clients in the daemon's configuration and restart it, or at once and until the next restart:
    virt-admin server-clients-set libvirtd --max-clients N. Or ask for fewer at once.
"""

from preflight.facts import DaemonLimits
from preflight.rule import Change, Findings, Migration, Severity, on_host, rule


@rule(Severity.WARNING)
def check(host: DaemonLimits, migration: Migration) -> Findings:
    free = host.room_for_clients()
    if migration.concurrency > free:
        yield on_host(
            f"max_clients is {host.max_clients} and {host.clients} are in use: room for {free},"
            f" while {migration.concurrency} are asked for",
            at=host.max_clients,
            change=Change(host.conf.path, "max_clients", (host.clients or 0) + migration.concurrency),
        )
