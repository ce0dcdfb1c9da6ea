"""No libvirt daemon runs on the host, and none is started by connecting.

Why it matters
    Nothing can be migrated from or to it: "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file
    or directory". A daemon that is stopped while its socket unit listens is started by the first connection, and is no
    problem.

How to fix
    Start the daemon and have it started at boot: systemctl enable --now libvirtd.socket libvirtd.service, or
    virtqemud.socket where the daemons are modular.
"""

from preflight.facts import Daemons, LibvirtConnection
from preflight.rule import Findings, Severity, on_host, rule


@rule(
    Severity.ERROR,
    errors=(
        "virt-ssh-helper: cannot connect to '...': Failed to connect socket to '...': No such file or directory",
        "Failed to connect socket to '...': No such file or directory",
        "virt-ssh-helper: could not proxy traffic: Cannot recv data: Connection reset by peer",
    ),
)
def check(host_connection: LibvirtConnection, host: Daemons) -> Findings:
    if host_connection.error is not None and not host.running:
        yield on_host(f"libvirt does not run: {host.why_not_running()}", error=host_connection.error)
