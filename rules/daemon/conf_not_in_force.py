"""A configuration file changed after libvirt started, or differs from the running daemon's settings.

Why it matters
    The daemon reads its files only when it starts. The migration therefore uses settings that differ from those now in
    the file, and no file shows which ones.

How to fix
    Restart the daemon: systemctl restart libvirtd (or virtqemud). Running guests are not affected. If the running
    value was set on purpose with virt-admin, write it to the file first, since a restart discards it.
"""

from preflight.facts import DaemonLimits, Daemons
from preflight.rule import Findings, Severity, on_host, rule


@rule(Severity.WARNING)
def check(host: Daemons, host_limits: DaemonLimits) -> Findings:
    daemon = host_limits.daemon
    for drift in host_limits.drift:
        yield on_host(
            f"{drift.key} is {drift.configured} in the file, but {drift.in_force} in the running {daemon}",
            at=drift.configured,
            fix=f"systemctl restart {daemon}",
        )
    for conf in (daemon, "qemu"):
        if host.changed_since_start(conf) and not (host_limits.drift and conf == daemon):
            yield on_host(
                f"{host.conf_path(conf)} was changed after {daemon} started",
                fix=f"systemctl restart {daemon}",
            )
