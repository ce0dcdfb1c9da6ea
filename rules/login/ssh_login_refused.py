"""ssh cannot log in to a host that the migration needs it for.

Why it matters
    With qemu+ssh:// libvirt runs this same ssh. It says "Cannot recv data: …: Connection reset by peer", with all that
    ssh itself said in between. Nothing else can be found out about the host either.

How to fix
    Log in by hand, `ssh HOST true`, from where preflight runs, and settle what it complains of: the name, the sshd
    service, the key, the known host.
"""

from preflight.facts import Login
from preflight.migration import Migration, Transport
from preflight.rule import Findings, Severity, on_destination, on_source, rule


@rule(Severity.ERROR)
def check(source: Login, destination: Login, migration: Migration) -> Findings:
    if source.error is not None and migration.source_over_ssh:
        yield on_source(f"no login: {source.error}", error=source.error)
    managed = not migration.peer_to_peer
    if destination.error is not None and managed and migration.transport is Transport.SSH:
        yield on_destination(f"no login: {destination.error}", error=destination.error)
