"""The hosts' interfaces on the network between them have different MTUs.

Why it matters
    Within one network no router reports that a packet is too large: the packet is lost. TCP usually works, since each
    end announces the size that it accepts. The migration then uses the smaller size, and jumbo frames bring no benefit.
    But if a switch, bridge or tunnel passes only the smaller size, or drops packets of the larger size, the migration
    starts and then stalls.

How to fix
    Give both interfaces, and everything between them, the same MTU (ip link set dev eth0 mtu 9000, and in the network
    configuration), and test it with ping -M do -s SIZE, where SIZE is 28 bytes less than the MTU.
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
        # behind a router, which reports packets that are too large, the ends may differ
        here = sorted({own.interface for own in source.beside(address)})
        if not here or not there:
            continue
        mine = {source_links.mtu(name) for name in here}
        if len(mine) > 1:
            raise Unreadable(f"the source's {', '.join(here)} are on the network of {address} and have different MTUs")
        mtu, other = mine.pop(), destination_links.mtu(there[0])
        if mtu != other and (here[0], there[0]) not in said:
            said.add((here[0], there[0]))
            yield on_destination(
                f"{there[0]} has MTU {other}, but the source's {here[0]} on the same network has MTU {mtu}"
            )
