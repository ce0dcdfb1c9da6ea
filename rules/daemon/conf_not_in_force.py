"""A configuration file was changed after the libvirt daemon started, or says other than the daemon does.

Why it matters
    The daemon reads its files when it starts. What the file says now is not what the migration will meet, and what
    the migration will meet cannot be read from any file.

How to fix
    Restart the daemon; running guests are not touched by that: systemctl restart libvirtd (or virtqemud).
"""

from preflight.facts import DaemonLimits, Daemons
from preflight.rule import Findings, Severity, on_host, rule


@rule(Severity.WARNING)
def check(host: Daemons, host_limits: DaemonLimits) -> Findings:
    daemon = host_limits.daemon
    for drift in host_limits.drift:
        yield on_host(
            f"{drift.key} is {drift.configured} in the file, {drift.in_force} in the running {daemon}",
            at=drift.configured,
            fix=f"systemctl restart {daemon}",
        )
    for conf in (daemon, "qemu"):
        if host.changed_since_start(conf) and not (host_limits.drift and conf == daemon):
            yield on_host(
                f"{host.conf_path(conf)} was changed after {daemon} started",
                fix=f"systemctl restart {daemon}",
            )
