"""Rates of the firewalls: the new connections that one accepts in a time, or that may be open together.

What is used up now is known of connections to a host that are open, and of lists of recent sources. The kernel does not
show how much of a token bucket (limit, hashlimit, nft's limit) is left.
"""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from preflight.capacity.limit import Limit
from preflight.capacity.reader import Asked
from preflight.facts.daemon.qemu_conf import QemuConf
from preflight.facts.fact import Unreadable
from preflight.facts.firewall import BothEnds, Demand, Firewall, Traffic, UsedUp
from preflight.facts.names.peer_name import PeerName
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.network.came_from import CameFrom
from preflight.facts.network.listening import Listening
from preflight.facts.network.open_connections import OpenConnections
from preflight.facts.ssh.sshd import SshdSettings
from preflight.facts.text.located import Located
from preflight.host import Host
from preflight.request.check_request import Migration


class Met(Struct, frozen=True):
    """A rate that connections of migrations meet."""

    demand: Demand
    #: True if the open connections of the host are collected.
    sees_connections: bool

    @property
    def strictness(self) -> tuple[int, float]:
        """A key that is the lower the fewer migrations it allows."""
        rate = self.demand.rate
        return 0 if self.demand.starves else self.demand.allows(rate.most), -(rate.interval or 0)

    @property
    def name(self) -> str:
        """The name of the limit, as "firewall rate, outgoing data"."""
        return f"firewall {'count' if self.counts_open else 'rate'}, {self.demand.what}"

    @property
    def counts_open(self) -> bool:
        """True if it limits the connections that are open, not those that begin in a time."""
        return self.demand.rate.interval is None

    @property
    def limits_starts(self) -> bool:
        """True if it limits the migrations that start at the same instant, not those that are in flight."""
        return not self.counts_open and not self.demand.starves

    def __call__(self, asked: Asked) -> Limit:
        """Return it as a limit."""
        if self.demand.starves:
            return self._of_every_packet(asked)
        rate, takes = self.demand.rate, self.demand.each * asked.ways
        used = self._used(asked.host)
        # preflight's own login may be among them
        left = rate.most - max(used or 0, self.demand.own)
        limit = asked.limit(
            Located(rate.most, None),
            used,
            left,
            each=takes,
            written=rate.text + (" per source" if rate.per_source else ""),
            beyond=self._beyond(used),
        )
        interval = None if rate.interval is None else rate.interval * takes
        in_turn = None if interval is None else limit.allows
        return replace(limit, interval=interval, allows=self.demand.allows(left) // asked.ways, in_turn=in_turn)

    def _of_every_packet(self, asked: Asked) -> Limit:
        """Return a limit that lets no migration pass: the memory of a guest has more packets than it accepts."""
        rate = self.demand.rate
        return asked.limit(
            Located(rate.most, None), None, 0, written=f"{rate.text}, every packet", beyond=self.demand.blocked
        )

    def _beyond(self, used: int | None) -> str:
        """Return what happens beyond it, and the assumption about a part that the kernel does not show."""
        rate = self.demand.rate
        if used is not None or rate.interval is None:
            return self.demand.blocked
        seconds = rate.most * rate.interval
        return f"{self.demand.blocked}; counted as unused, which is certain {seconds:g} s after the last"

    def _used(self, host: Host) -> int | None:
        """Return what is used up now; None if it is not known."""
        try:
            connections = host.fact(OpenConnections) if self.sees_connections else None
        except Unreadable:
            connections = None
        try:
            return self.demand.used(host.fact(UsedUp), connections)
        except Unreadable:
            return None


def met_by(source: Host, destination: Host, migration: Migration, *, every: bool) -> Iterator[Met]:
    """Yield the strictest rate of each kind that the connections of migrations meet.

    Without `every`, the connections to the source are not collected. Yields nothing where a firewall's rules could not
    be read: the rules about closed ports report that.
    """
    try:
        firewalls = [host.fact(Firewall) for host in (source, destination)]
        if not any(firewall.has_rates for firewall in firewalls):
            return
        ends = BothEnds(firewalls[0], source.fact(OwnAddresses), firewalls[1], destination.fact(OwnAddresses))
        ports = destination.fact(QemuConf).port_range
        free = destination.fact(Listening).free(ports)
    except Unreadable:
        return
    met, _ = Traffic(
        ends=ends,
        migration=migration,
        addresses=_addresses(source) or ends.destination_own.global_addresses,
        source_login=_login(source),
        destination_login=_login(destination),
        source_sshd=_sshd_port(source),
        destination_sshd=_sshd_port(destination),
        free=free,
        taken=sorted({*ports}.difference(free)),
    ).demands()
    strictest: dict[tuple[str, bool], Met] = {}
    for demand in met:
        one = Met(demand, every or not demand.at_source)
        kept = strictest.setdefault((one.name, one.demand.at_source), one)
        if one.strictness < kept.strictness:
            strictest[one.name, one.demand.at_source] = one
    yield from strictest.values()


def _addresses(source: Host) -> tuple[str, ...]:
    try:
        return source.fact(PeerName).addresses
    except Unreadable:
        return ()


def _login(host: Host) -> CameFrom:
    try:
        return host.fact(CameFrom)
    except Unreadable:
        return CameFrom()


def _sshd_port(host: Host) -> int | None:
    try:
        return min(host.fact(SshdSettings).ports, default=None)
    except Unreadable:
        return None
