"""No libvirt daemon is running on the host, and connecting does not start one.

Why it matters
    No guest can be migrated to or from the host: "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such
    file or directory". A stopped daemon whose socket unit listens is not a problem: the first connection starts it.
    If libvirt does not answer within the time limit, the result is unknown.

How to fix
    Start the daemon, and enable it at boot: systemctl enable --now libvirtd.socket libvirtd.service, or
    virtqemud.socket with modular daemons.
"""

from preflight.facts import Daemons, LastError, LibvirtConnection
from preflight.rule import Findings, Severity, on_host, rule


@rule(
    Severity.ERROR,
    errors=(
        "virt-ssh-helper: cannot connect to '...': Failed to connect socket to '...': No such file or directory",
        "Failed to connect socket to '...': No such file or directory",
        "End of file while reading data: nc: unix connect failed: No such file or directory",
        "virt-ssh-helper: could not proxy traffic: Cannot recv data: Connection reset by peer",
    ),
)
def check(host_connection: LibvirtConnection, host: Daemons, host_log: LastError) -> Findings:
    if not host.running and host_connection.error is not None:
        # the connection that made systemd give up was reset, but later ones find no socket
        over_network = host_connection.transport in ("tls", "tcp")
        gone = "unable to connect to server at '" if over_network else "Failed to connect socket to"
        error = gone if host.given_up else host_connection.error
        logged = f"; it last logged: {host_log.text}" if host_log.text is not None and host.has_failed else ""
        yield on_host(f"libvirt is not running: {host.why_not_running()}{logged}", error=error)
