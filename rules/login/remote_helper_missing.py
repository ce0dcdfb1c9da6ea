"""The host has no program that connects the ssh session to libvirt's socket.

Why it matters
    qemu+ssh:// runs virt-ssh-helper on the remote host, or a netcat that supports UNIX sockets (-U). Without either,
    libvirt reports "End of file while reading data: … nc: command not found", "virt-ssh-helper: command not found" or
    "nc: invalid option -- 'U'".

How to fix
    Install the package that contains virt-ssh-helper (libvirt-daemon, libvirt-clients), or an OpenBSD netcat.
"""

from preflight.facts import LibvirtConnection, RemoteHelper
from preflight.facts.control import HUNG_UP
from preflight.rule import Findings, Severity, on_host, rule


@rule(
    Severity.ERROR,
    errors=(
        "End of file while reading data: ... nc: not found",
        "End of file while reading data: ... nc: command not found",
        "virt-ssh-helper: command not found",
        "nc: invalid option -- 'U'",
        "End of file while reading data: nc: invalid option -- 'U'",
        "End of file while reading data: ... nc: invalid option -- 'U'",
    ),
)
def check(host_connection: LibvirtConnection, host: RemoteHelper) -> Findings:
    error = HUNG_UP if host_connection.untried == "ssh" else host_connection.error
    if "ssh" in (host_connection.transport, host_connection.untried) and not host.usable and error:
        yield on_host("neither virt-ssh-helper nor a netcat that supports -U is installed", error=error)
