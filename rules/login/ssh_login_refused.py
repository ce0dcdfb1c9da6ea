"""ssh cannot log in to a host that the migration needs it for.

Why it matters
    With qemu+ssh:// libvirt runs this same ssh. It says "Cannot recv data: …: Connection reset by peer", with all that
    ssh itself said in between. Where the login works and ends at once, because the host runs a command of its own
    choice (ForceCommand), it says "End of file while reading data". Nothing else can be found out about the
    host either. After logins that failed, OpenSSH since 9.8 may hang up on an address for some seconds or minutes.

How to fix
    Log in by hand, `ssh HOST true`, from where preflight runs, and settle what it complains of: the name, the sshd
    service, the key, the known host.
"""

import re

from preflight.facts import Login
from preflight.facts.control import HUNG_UP
from preflight.facts.ssh import TURNED_AWAY
from preflight.rule import Findings, Migration, Severity, Transport, on_destination, on_source, rule

#: What preflight itself says of a login that worked, and of which nothing came.
_SILENT = "the session ended before this was answered"
#: ssh counts its channels, and preflight's session need not be the one of the number that libvirt's will be.
_CHANNEL = re.compile(r"^channel \d+: ")


@rule(
    Severity.ERROR,
    errors=(
        "ssh: connect to host ... port ...: ",
        "Cannot recv data: ssh: Could not resolve hostname ...: ",
        "Host key verification failed.",
        "Permission denied (...).",
        "open failed: connect failed: open failed",
    ),
)
def check(source: Login, destination: Login, migration: Migration) -> Findings:
    if source.error is not None and migration.source_over_ssh:
        yield on_source(f"no login: {source.error}", error=_error(source.error))
    managed = not migration.peer_to_peer
    if destination.error is not None and managed and migration.transport is Transport.SSH:
        yield on_destination(f"no login: {destination.error}", error=_error(destination.error))


def _error(said: str) -> str:
    if said == _SILENT:
        return HUNG_UP
    return TURNED_AWAY if said.startswith(TURNED_AWAY) else _CHANNEL.sub("", said)
