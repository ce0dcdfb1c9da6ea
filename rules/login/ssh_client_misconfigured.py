"""Settings of ssh's client break libvirt's connection, although a login works.

Why it matters
    libvirt runs ssh itself, with a command, and takes every byte on its standard output for the daemon's. Settings in
    ~/.ssh/config or /etc/ssh/ssh_config of the machine that virsh runs on apply to it: with RemoteCommand libvirt
    reports "Cannot execute command-line and remote command.", if LocalCommand prints something "packet 1751477352 bytes
    received from server too large, want 33554432", with StdinNull "EOF on stdin", with a ControlPath that is too long
    or in a missing directory "ControlPath too long" or "unix_listener: cannot bind to path". With SessionType none it
    waits forever. preflight's own login overrides these settings, so that everything else is checked.

How to fix
    Exclude the host from the setting, by a Host or Match block before it: ssh takes the first value that it finds.
"""

from collections.abc import Iterator

from preflight.facts import SshClient
from preflight.rule import (
    Findings,
    Migration,
    Severity,
    Transport,
    Unreadable,
    on_destination,
    on_source,
    rule,
)

_WHERE = "ssh's configuration for this host, on the control machine, "


@rule(
    Severity.ERROR,
    errors=(
        "packet ... bytes received from server too large, want ...",
        "Cannot execute command-line and remote command.",
        "ControlPath too long ('...' >= 108 bytes)",
        "Cannot recv data: unix_listener: cannot bind to path ...",
        "Cannot recv data: unix_listener: cannot bind to path ...: No such file or directory",
        'unix_listener: path "..." too long for Unix domain socket',
        "subsystem request failed on channel 0",
        "virt-ssh-helper: could not proxy traffic: internal error: EOF on stdin",
    ),
)
def check(source: SshClient, destination: SshClient, migration: Migration) -> Findings:
    clients = [(on_source, source)] if migration.source_over_ssh else []
    if not migration.peer_to_peer and migration.transport is Transport.SSH:
        clients.append((on_destination, destination))
    for on_end, client in clients:
        for message, error in _faults(client):
            yield on_end(_WHERE + message, error=error)
    for _, client in clients:
        if client.unknown is not None:
            raise Unreadable(client.unknown)
        if client.talks is None:
            raise Unreadable(
                f"LocalCommand {client.local_command} may print to the standard output of libvirt's ssh, and so into"
                " the daemon's data"
            )


def _faults(client: SshClient) -> Iterator[tuple[str, str | None]]:
    """Yield each setting that breaks the connection, and the message that it leads to, if any."""
    path = client.control_path
    if client.path_too_long:
        yield f"has a ControlPath of more than 107 bytes: {path}", "ControlPath too long"
    elif client.new_path_too_long:
        yield (
            f"has a ControlPath of more than 90 bytes, which leaves no room for what ssh appends: {path}",
            "too long for Unix domain socket",
        )
    elif client.makes_socket and not (client.directory_exists and client.directory_open):
        why = "does not exist" if not client.directory_exists else "is not writable"
        yield (
            f"has a ControlPath whose directory {why}: {path}",
            f"Cannot recv data: unix_listener: cannot bind to path {path}",
        )
    if client.remote_command is not None:
        yield (
            f"has RemoteCommand {client.remote_command}, which excludes the command that libvirt gives",
            "Cannot execute command-line and remote command.",
        )
    elif client.session_type == "none":
        yield "has SessionType none: libvirt's command is not run, and libvirt waits for an answer forever", None
    elif client.session_type == "subsystem":
        yield (
            "has SessionType subsystem: libvirt's command is taken for the name of one",
            "subsystem request failed on channel",
        )
    elif client.stdin_null:
        yield "has StdinNull yes: libvirt's requests are not sent", "EOF on stdin"
    elif client.talks:
        yield (
            f"has LocalCommand {client.local_command}, which prints into the daemon's data",
            "bytes received from server too large",
        )
