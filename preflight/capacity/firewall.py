"""Rates of a host's firewall: the new connections to a port that it accepts in a time, or that may be open together.

What is used up now is known of connections that are open, and of lists of recent sources. The kernel does not show how
much of a token bucket (limit, hashlimit, nft's limit) is left.
"""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from preflight.capacity.limit import Limit
from preflight.capacity.reader import Asked
from preflight.facts.fact import Unreadable
from preflight.facts.firewall import Firewall, Rate, RecentLists
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.network.open_connections import OpenConnections
from preflight.facts.text.located import Located
from preflight.host import Host
from preflight.request.check_request import Connections


class Met(Struct, frozen=True):
    """A rate that connections to one of a host's ports meet, and the rule that blocks those beyond it."""

    rate: Rate
    rule: str
    connections: Connections
    #: The source's addresses.
    sources: tuple[str, ...] = ()

    def __call__(self, asked: Asked) -> Limit:
        """Return it as a limit."""
        rate, takes = self.rate, self.connections.each * asked.ways
        written = rate.text + (" per source" if rate.per_source else "")
        used = self._used(asked.host)
        limit = asked.limit(
            Located(rate.most, None),
            used,
            # preflight's own login may be among them
            rate.most - max(used or 0, self.connections.own),
            each=takes,
            written=written,
            beyond=self.rule,
        )
        return replace(limit, interval=None if rate.interval is None else rate.interval * takes)

    def _used(self, host: Host) -> int | None:
        """Return what is used up now; None if it is not known."""
        rate = self.rate
        try:
            if rate.interval is None:
                sources = self.sources if rate.per_source else None
                return host.fact(OpenConnections).to(self.connections.port, sources)
            return host.fact(RecentLists).seen(rate.name, self.sources, rate.seconds) if rate.name else None
        except Unreadable:
            return None


def met_by(source: Host, host: Host, connections: Connections) -> Iterator[Met]:
    """Yield the strictest rate, and the strictest number of open connections, that these connections to `host` meet.

    They come from any address of `source`; the address of a machine from which a managed migration is driven is not
    known. Yields nothing where the firewall's rules could not be read: the rules about closed ports report that.
    """
    try:
        firewall, own_addresses = host.fact(Firewall), host.fact(OwnAddresses)
        sources = source.fact(OwnAddresses).global_addresses
        rates = firewall.judge(connections.port, sources, own_addresses).rates
    except Unreadable:
        return
    for counts_open in (False, True):
        alike = [(rate, rule) for rate, rule in rates if (rate.interval is None) is counts_open]
        if alike:
            rate, rule = min(alike, key=lambda one: (one[0].most, -(one[0].interval or 0)))
            yield Met(rate, rule, connections, tuple(map(str, sources)))
