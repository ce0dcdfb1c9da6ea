"""The number of simultaneous migrations between two hosts, as configured and used now, and the limits in the path.

Counted for one libvirt connection per migration, as with one `virsh migrate` per guest. The lab's observations about
each limit are in docs/capacity.md.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias

from msgspec.structs import replace

from preflight.capacity import daemon, firewall, sshd
from preflight.capacity.limit import Capacity, Limit, Scope
from preflight.capacity.reader import Asked, Read
from preflight.facts.daemon.clients import LockDaemon, ProxyLimits
from preflight.facts.daemon.daemons import Daemons
from preflight.facts.daemon.limits import DaemonLimits
from preflight.facts.daemon.open_files import OpenFiles
from preflight.facts.daemon.qemu_conf import QemuConf
from preflight.facts.fact import Fact, Unreadable
from preflight.facts.firewall import Firewall, UsedUp
from preflight.facts.network.accept_queue import AcceptQueue
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.network.came_from import CameFrom
from preflight.facts.network.listening import Listening
from preflight.facts.network.open_connections import OpenConnections
from preflight.facts.ssh.sshd import SshdListener, SshdSettings
from preflight.host import Host
from preflight.request.check_request import Migration
from preflight.request.migration import Role, Transport

#: The limit on the logins to a host that begin in a time.
LOGIN_RATE = "firewall rate, ssh"
#: Limits on open connections to sshd, of which a managed run of preflight has one for all guests.
OF_LOGINS = frozenset(("firewall count, ssh", *sshd.OPEN))

#: The reader of a limit, its name, its scope, and its host.
InPath: TypeAlias = tuple[Read, str, Scope, Host]


def capacity(source: Host, destination: Host, migration: Migration, *, every: bool = False) -> Capacity:
    """Read every limit in the path of this kind of migration; `allows` is None for one that could not be read.

    `every` includes the limits whose facts are collected only for a capacity report. If as many guests migrate the
    other way at the same time, the use of both ways is counted, and `allows` is a number for each way.
    """
    met = list(_in_path(source, destination, migration, every=every))
    if migration.both_ways:
        met += _in_path(destination, source, _back(migration), every=every)
    ways = Counter((name, host.role) for _, name, _, host in met)
    found: dict[tuple[str, Role], Limit] = {}
    for read, name, scope, host in met:
        asked = Asked(name, scope, host, migration, ways[name, host.role])
        try:
            limit = read(asked)
        except Unreadable as why:
            limit = asked.unread(str(why))
        found.setdefault((name, host.role), limit)
    return Capacity(tuple(found.values()), both_ways=migration.both_ways)


def counts_data(limit: Limit) -> bool:
    """Report whether this is a firewall's limit on connections for data that begin in a time."""
    return limit.name.startswith("firewall rate, ") and limit.name.endswith("data")


def facts(role: Role, migration: Migration, *, every: bool = False) -> set[type[Fact]]:
    """Return the facts from which the limits of the host in this role are read."""
    found = _read_from(role, migration, every=every)
    if migration.both_ways:
        other = Role.DESTINATION if role is Role.SOURCE else Role.SOURCE
        found |= _read_from(other, _back(migration), every=every)
    return found


def _read_from(role: Role, migration: Migration, *, every: bool) -> set[type[Fact]]:
    is_destination = role is Role.DESTINATION
    found: set[type[Fact]] = {DaemonLimits, Firewall, OwnAddresses, UsedUp}
    if is_destination:
        found |= {QemuConf, Listening, OpenConnections}
        if migration.control_port is not None:
            found |= {CameFrom, Daemons, ProxyLimits}
    if migration.transport is Transport.SSH if is_destination else migration.source_over_ssh:
        found |= {CameFrom, SshdSettings, SshdListener}
    if every:
        found |= {OpenFiles, AcceptQueue}
        if is_destination:
            found.add(LockDaemon)
        elif migration.source_over_ssh:
            found.add(OpenConnections)
    return found


def _back(migration: Migration) -> Migration:
    """Return the migration the other way: the login to the source is now that to the destination."""
    over_ssh = migration.transport is Transport.SSH
    transport = Transport.SSH if migration.source_over_ssh else Transport.UNIX
    return replace(migration, transport=transport if over_ssh else migration.transport, source_over_ssh=over_ssh)


def _in_path(source: Host, destination: Host, migration: Migration, *, every: bool) -> Iterator[InPath]:
    flight, waits, shared = Scope.IN_FLIGHT, Scope.WAITS, Scope.ONE_CONNECTION
    ends = (source, destination)
    yield from ((daemon.clients, "max_clients", flight, end) for end in ends)
    if _through_proxy(destination, migration):
        yield daemon.clients_of_proxy, "virtproxyd max_clients", flight, destination
    if not migration.offline:
        # the source's worker is held for the whole transfer, the destination's only for prepare and finish
        yield daemon.workers, "max_workers", flight, source
    if migration.ports_each and not migration.offline and not migration.tunnelled:
        yield daemon.ports, "migration_port_range", flight, destination
    if every:
        if not migration.offline and _locks(destination):
            yield daemon.locks, "virtlockd max_clients", flight, destination
        yield from ((daemon.files, "open files", flight, end) for end in ends)
    yield from _rates(source, destination, migration, every=every)
    logins = _logged_in_to(source, destination, migration)
    for end in logins:
        yield from ((*limit, end) for limit in sshd.of_logins(end))
    if not migration.offline:
        yield daemon.requests, "max_client_requests", shared, source
    if every:
        yield from ((sshd.sessions, "MaxSessions", shared, end) for end in logins)
        for end in ends:
            yield daemon.anonymous, "max_anonymous_clients", waits, end
            yield daemon.queued, "max_queued_clients", waits, end
        yield from ((sshd.penalties, "PerSourcePenalties", waits, end) for end in logins if sshd.has_penalties(end))


def _rates(source: Host, destination: Host, migration: Migration, *, every: bool) -> Iterator[InPath]:
    """Yield the rates of both firewalls for each port that a migration connects to."""
    for one in firewall.met_by(source, destination, migration, every=every):
        scope = Scope.BURST if one.limits_starts else Scope.IN_FLIGHT
        yield one, one.name, scope, source if one.demand.at_source else destination


def _logged_in_to(source: Host, destination: Host, migration: Migration) -> tuple[Host, ...]:
    ends = [source] if migration.source_over_ssh else []
    return (*ends, *([destination] if migration.transport is Transport.SSH else []))


def _through_proxy(host: Host, migration: Migration) -> bool:
    """Report whether the control connection goes through virtproxyd, which listens on the network for virtqemud."""
    try:
        return migration.control_port is not None and host.fact(Daemons).intended == "virtqemud"
    except Unreadable:
        return False  # max_clients is unread too, and its limit gives the reason


def _locks(host: Host) -> bool:
    try:
        return host.fact(QemuConf).lock_manager.value == "lockd"
    except Unreadable:
        return False  # the port range is unread too, and its limit gives the reason
