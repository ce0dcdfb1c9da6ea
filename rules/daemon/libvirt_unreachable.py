"""libvirt is running on the host, but the connection to it fails.

Why it matters
    The migration opens the same connection and fails in the same way. Common causes are missing permissions on the
    socket, a transport on which the daemon does not listen, certificates, SASL without credentials, and a daemon that
    accepts no more clients. If libvirt does not answer within the time limit, the result is unknown, unless virt-admin
    reports that the daemon has as many clients as it accepts.

How to fix
    Make `virsh -c URI list` work from the control machine, with the URI that the report shows. A user other than root
    needs the right to manage libvirt, which the group libvirt has on most distributions.
"""

import re

from preflight.facts import Daemons, LibvirtConnection, RemoteHelper, ServingClients
from preflight.facts.control import log_in_by_sasl
from preflight.rule import Findings, Severity, on_host, rule

#: libvirt's messages to a user who may not manage it: the socket's mode, polkit without an agent, and polkit's refusal.
_NO_RIGHT = r"Failed to connect socket to '/[^']*': Permission denied|no polkit agent available|access denied by policy"
_GIVE_THE_RIGHT = (
    "Let the user manage libvirt: `usermod -aG libvirt USER` on the host, where that group exists, or a rule of polkit"
    " for org.libvirt.unix.manage; then log in again. Or log in as root."
)
_RAISE_MAX_CLIENTS = (
    "Disconnect other clients (virt-admin client-list DAEMON), or raise max_clients in the daemon's configuration and"
    " restart the daemon."
)


@rule(
    Severity.ERROR,
    errors=(
        "failed to connect to the hypervisor",
        "authentication failed: authentication failed",
        "authentication failed: TLS handshake failed Error in the pull function.",
        "packet ... bytes received from server too large, want ...",
        "unable to connect to server at '...': Connection refused",
        "Cannot recv data: Connection reset by peer",
        "End of file while reading data: nc: ...: No such file or directory: Input/output error",
    ),
)
def check(
    host_connection: LibvirtConnection, host: Daemons, host_helper: RemoteHelper, host_clients: ServingClients
) -> Findings:
    if host_connection.unanswered is not None and host_clients.all_taken is not None:
        # without an answer, this proves that a migration would wait too: libvirt reports nothing while it waits
        yield on_host(f"{host_connection.uri} cannot be opened: {host_clients.all_taken}", fix=_RAISE_MAX_CLIENTS)
        return
    if host_connection.error is None or not host.running:
        return
    if host_connection.transport == "ssh" and not host_helper.usable:
        return  # remote-helper-missing reports this
    yield on_host(
        f"{host_connection.uri} cannot be opened: {host_connection.error}",
        error=host_connection.error,
        fix=_GIVE_THE_RIGHT
        if re.search(_NO_RIGHT, host_connection.error)
        else log_in_by_sasl(host_connection.error, "the control machine"),
    )
