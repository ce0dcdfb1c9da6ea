"""The migration needs an ssh login to a host, but the login fails.

Why it matters
    With qemu+ssh:// libvirt runs the same ssh command. It reports "Cannot recv data: …: Connection reset by peer", with
    ssh's own messages in between. If the login succeeds but ends at once, because the host forces another command
    (ForceCommand), libvirt reports "End of file while reading data". preflight cannot read anything else from the host
    either. After failed logins, OpenSSH 9.8 and later may reject an address for some seconds or minutes. If
    ssh neither logs in nor fails within the time limit, the result is unknown.

How to fix
    Log in by hand, `ssh HOST true`, from the control machine, and resolve what ssh reports: the name, the sshd service,
    the key or the known host.
"""

import re

from preflight.facts import Login
from preflight.facts.control import HUNG_UP
from preflight.facts.ssh import TURNED_AWAY
from preflight.rule import Findings, Migration, Severity, Transport, Unreadable, on_destination, on_source, rule

#: preflight's own reason for a login that succeeded but sent no answer.
_SILENT = "the session ended before this was answered"
#: ssh numbers its channels; the number of preflight's session may differ from that of libvirt's.
_CHANNEL = re.compile(r"^channel \d+: ")


@rule(
    Severity.ERROR,
    errors=(
        "ssh: connect to host ... port ...: ",
        "ssh: connect to host ... port ...: Connection refused",
        "Cannot recv data: ssh: Could not resolve hostname ...: ",
        "Host key verification failed.",
        "host key for ... was revoked and you have requested strict checking.",
        "Certificate invalid: ",
        "Your account has expired; please contact your system administrator.",
        "Connection closed by ... port ...",
        "Permission denied (...).",
        "open failed: connect failed: open failed",
        "...: sh: command not found",
    ),
)
def check(source: Login, destination: Login, migration: Migration) -> Findings:
    logins = [(on_source, source)] if migration.source_over_ssh else []
    if not migration.peer_to_peer and migration.transport is Transport.SSH:
        logins.append((on_destination, destination))
    for on_end, login in logins:
        if login.error is not None:
            yield on_end(f"ssh login failed: {login.error}", error=_error(login.error))
    for _, login in logins:
        if login.unanswered is not None:
            raise Unreadable(login.unanswered)


def _error(said: str) -> str:
    if said == _SILENT:
        return HUNG_UP
    return TURNED_AWAY if said.startswith(TURNED_AWAY) else _CHANNEL.sub("", said)
