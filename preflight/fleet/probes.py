"""The ways that are tried: each source opens one connection to the port of a migration, which may take two seconds.

With n hosts there are n² ways, so each host tries only some, and is tried by as many others. A way that crosses
networks is settled by nothing else, since no host knows the routers and firewalls in between: such ways come first.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from preflight.collect.follow_up import why_not_to_try
from preflight.collect.pieces import Pieces
from preflight.facts.fact import Unreadable
from preflight.facts.network.addresses import OwnAddresses, address_of
from preflight.host import Host

#: Ways from one host that are looked at for each one that is tried; those that a firewall would log are not tried.
_LOOKED_AT = 4
#: The golden ratio: its multiples are spread over any number of hosts.
_GOLDEN = 0.6180339887498949


def chosen(
    sources: Sequence[Host],
    destinations: Mapping[str, Host],
    most: int,
    can_be_tried: Callable[[Host, Host], bool],
) -> dict[str, set[str]]:
    """Return the names of the destinations that each source tries: at most so many from each, and to each."""
    every = list(dict.fromkeys([*(host.name for host in sources), *destinations]))
    place = {name: number for number, name in enumerate(every)}
    networks = {host.name: _networks(host) for host in (*destinations.values(), *sources)}
    found: dict[str, set[str]] = {host.name: set() for host in sources}
    arriving = dict.fromkeys(destinations, 0)
    looked_at = dict.fromkeys(found, 0)
    # each offset gives every host one destination and one source, if all are both
    offsets = sorted(range(1, len(every)), key=lambda number: number * _GOLDEN % 1)
    for crossing in (True, False):
        for offset in offsets:
            if not looked_at:
                break
            for source in sources:
                name = every[(place[source.name] + offset) % len(every)]
                if source.name not in looked_at or arriving.get(name, most) >= most:
                    continue
                if networks[source.name].isdisjoint(networks[name]) is not crossing:
                    continue
                looked_at[source.name] += 1
                if can_be_tried(source, destinations[name]):
                    found[source.name].add(name)
                    arriving[name] += 1
                if len(found[source.name]) >= most or looked_at[source.name] >= _LOOKED_AT * most:
                    del looked_at[source.name]
    return found


def tried(sources: Sequence[Host], destinations: Collection[Host], most: int, pieces: Pieces) -> dict[str, set[str]]:
    """Return the names of the destinations to which each source tries to connect; see `chosen`."""

    def can_be_tried(source: Host, destination: Host) -> bool:
        port = pieces.entry(destination).entrance.ports["way.memory"]
        return not isinstance(port, str) and why_not_to_try(port, source, destination, probe=False) is None

    return chosen(sources, {host.name: host for host in destinations}, most, can_be_tried) if most else {}


def _networks(host: Host) -> frozenset[tuple[int, int, int]]:
    """Return the IP networks that a host is on: version, length of the prefix, and its bits."""
    try:
        addresses = host.fact(OwnAddresses)
    except Unreadable:
        return frozenset()
    ours = set(addresses.global_addresses)
    found = ((address_of(one.address), one.prefix) for one in addresses.addresses if one.address in ours)
    return frozenset((one.version, prefix, int(one) >> (one.max_prefixlen - prefix)) for one, prefix in found)
