"""The hosts' interfaces on the network between them have different MTUs.

Why it matters
    On one network no router says that a packet is too large: it is lost. TCP mostly comes through, since each end
    tells the other what it takes, and then the migration goes at the smaller size, so jumbo frames set up for it do
    nothing. But where a switch, bridge or tunnel takes only the smaller size, or drops what the larger one sends, the
    migration begins, and then stands still.

How to fix
    Give both interfaces, and all that is between them, the same MTU (ip link set dev eth0 mtu 9000, and in the
    configuration of the network), and try it with ping -M do -s of 28 bytes less.
"""

from preflight.facts import Links, OwnAddresses, PeerName
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, without_data_connection


@rule(Severity.WARNING, skip=without_data_connection)
def check(
    source: OwnAddresses,
    source_links: Links,
    source_peer: PeerName,
    destination: OwnAddresses,
    destination_links: Links,
) -> Findings:
    said: set[tuple[str, str]] = set()
    for address in source_peer.addresses:
        if source.has(address):
            continue
        there = [own.interface for own in destination.addresses if own.address == address]
        # through a router, which tells what is too large, the ends may differ
        here = sorted({own.interface for own in source.beside(address)})
        if not here or not there:
            continue
        mine = {source_links.mtu(name) for name in here}
        if len(mine) > 1:
            raise Unreadable(f"{', '.join(here)} of the source are on the network of {address}, with different MTUs")
        mtu, other = mine.pop(), destination_links.mtu(there[0])
        if mtu != other and (here[0], there[0]) not in said:
            said.add((here[0], there[0]))
            yield on_destination(f"{there[0]} has an MTU of {other}; the source's {here[0]}, led there, of {mtu}")
