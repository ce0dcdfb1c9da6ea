"""The source resolves the destination's announced name only through DNS.

Why it matters
    This works while the DNS server answers. Red Hat's procedure asks for a line in /etc/hosts, so that moving guests
    away does not depend on a name server that may itself be one of those guests.

How to fix
    Add the destination's address and name to /etc/hosts on the source.
"""

from preflight.facts import PeerName
from preflight.rule import Findings, HostsLine, Migration, Severity, on_source, rule, without_data_connection


@rule(Severity.WARNING, skip=without_data_connection)
def check(source_peer: PeerName, migration: Migration) -> Findings:
    if migration.refuses_as_localhost(source_peer.name):
        return  # destination-hostname-localhost reports it, and no line on the source would help
    if source_peer.resolves and not source_peer.lines and not source_peer.is_address:
        yield on_source(
            f"{source_peer.name} is not in /etc/hosts: only a name service resolves it",
            at=source_peer.end,
            fix=f"add to /etc/hosts on the source: {source_peer.addresses[0]} {source_peer.name}",
            change=HostsLine(source_peer.name, source_peer.addresses[0]),
        )
