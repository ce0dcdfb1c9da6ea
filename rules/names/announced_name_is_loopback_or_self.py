"""The destination's announced name leads the source back to itself.

Why it matters
    A line such as "127.0.1.1 host2" copied from the destination's /etc/hosts makes the source connect to its own port:
    "unable to connect to server at 'host2:49152': Connection refused". Where several addresses are found they are
    tried in turn, so a right one among them saves the migration.

How to fix
    Correct the line in the source's /etc/hosts: the name must lead to the destination's address.
"""

from preflight.facts import OwnAddresses, PeerName
from preflight.migration import without_data_connection
from preflight.rule import Findings, Severity, on_source, rule


@rule(Severity.ERROR, skip=without_data_connection)
def check(source_peer: PeerName, source: OwnAddresses, destination: OwnAddresses) -> Findings:
    name = source_peer.name
    own = [address for address in source_peer.addresses if source.has(address)]
    if not own:
        return
    rescued = len(own) < len(source_peer.addresses)
    for address in own:
        yield on_source(
            f"{name}, announced by the destination, is {address} here: the source itself",
            at=source_peer.place_of(address),
            error=f"unable to connect to server at '{name}:",
            fix=f"in /etc/hosts on the source: {destination.reachable_from(source)} {name}",
            severity=Severity.WARNING if rescued else None,
        )
