"""How many migrations can run at once between two hosts, as configured and as used now, and what stops the next one.

Counted for one libvirt connection a migration, as one `virsh migrate` a guest has it. What the lab saw of each limit is
in docs/capacity.md.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeAlias

from preflight.facts.daemon_limits import RESERVED_WORKERS, DaemonLimits
from preflight.facts.listening import Listening
from preflight.facts.located import Located
from preflight.facts.qemu_conf import QemuConf
from preflight.facts.record import Fact, Unreadable
from preflight.facts.sshd import SshdListener, SshdSettings
from preflight.host import Host
from preflight.migration import Migration, Role, Transport
from preflight.report import Capacity, Limit

#: Reads one limit of a host, under its name, None where the host has no such limit; raises `Unreadable`.
Ask: TypeAlias = Callable[[str, Host, Migration], Limit | None]


def capacity(source: Host, destination: Host, migration: Migration) -> Capacity:
    """Every limit in the path of this kind of migration; one that could not be read has `allows` None."""
    hosts = {Role.SOURCE: source, Role.DESTINATION: destination}
    found: list[Limit] = []
    for ask, name, role, burst in _in_path(migration):
        try:
            limit = ask(name, hosts[role], migration)
        except Unreadable as why:
            limit = Limit(name, role, None, None, None, burst, str(why))
        if limit is not None:
            found.append(limit)
    return Capacity(tuple(found))


def facts(role: Role, migration: Migration) -> set[type[Fact]]:
    """The facts that the limits of the host in this role are read from."""
    return {kind for ask, _, end, _ in _in_path(migration) if end is role for kind in _READ_FROM[ask]}


def _in_path(migration: Migration) -> Iterator[tuple[Ask, str, Role, bool]]:
    yield _clients, "max_clients", Role.SOURCE, False
    yield _clients, "max_clients", Role.DESTINATION, False
    if not migration.offline:
        # the source's worker is held for the whole transfer; the destination's only while it prepares and finishes
        yield _workers, "max_workers", Role.SOURCE, False
    if not migration.offline and not migration.tunnelled:
        yield _ports, "migration_port_range", Role.DESTINATION, False
    ends = [Role.SOURCE] if migration.source_over_ssh else []
    ends += [Role.DESTINATION] if migration.transport is Transport.SSH else []
    for end in ends:
        yield _startups, "MaxStartups", end, True
        yield _startups_of_one, "PerSourceMaxStartups", end, True


def _clients(name: str, host: Host, _migration: Migration) -> Limit:
    limits = host.fact(DaemonLimits)
    limit = _limit(name, host, limits.max_clients, limits.clients, limits.room_for_clients())
    return limit(beyond="waits, without a message, until another has ended")


def _workers(name: str, host: Host, _migration: Migration) -> Limit:
    limits = host.fact(DaemonLimits)
    limit = _limit(name, host, limits.max_workers, limits.busy_workers, limits.free_workers())
    return limit(reserve=RESERVED_WORKERS, beyond="waits; with none left nobody can ask for progress or abort")


def _ports(name: str, host: Host, migration: Migration) -> Limit:
    conf = host.fact(QemuConf)
    ports = conf.port_range
    used = len(host.fact(Listening).used_in(ports.start, ports.stop - 1))
    place = conf.migration_port_max if conf.migration_port_max.at else conf.migration_port_min
    limit = _limit(name, host, Located(len(ports), place.at), used, max(0, len(ports) - used) // migration.ports_each)
    return limit(takes=migration.ports_each, written=f"{ports.start}-{ports.stop - 1}", beyond="fails at once")


def _startups(name: str, host: Host, _migration: Migration) -> Limit:
    configured = host.fact(SshdSettings).max_startups
    try:
        pending: int | None = host.fact(SshdListener).current
    except Unreadable:
        pending = None  # a login lasts well under a second: none is the usual state
    start = Located(configured.value.start, configured.at)
    limit = _limit(name, host, start, pending, max(0, start.value - (pending or 0)))
    beyond = "is refused" if configured.value.rate == 100 else f"is refused with a chance of {configured.value.rate} %"
    return limit(burst=True, written=str(configured.value), beyond=beyond)


def _startups_of_one(name: str, host: Host, _migration: Migration) -> Limit | None:
    try:
        configured = host.fact(SshdSettings).per_source_max_startups
    except Unreadable:
        return None  # then MaxStartups could not be read either, and says so
    if configured.value is None:
        return None
    limit = _limit(name, host, Located(configured.value, configured.at), None, configured.value)
    return limit(burst=True, beyond="is refused")


def _limit(name: str, host: Host, configured: Located[int], in_use: int | None, allows: int) -> Callable[..., Limit]:
    """A limit of which more is to be said."""
    return partial(Limit, name, host.role, configured.value, in_use, allows, at=configured.at)


_READ_FROM: Mapping[Ask, tuple[type[Fact], ...]] = {
    _clients: (DaemonLimits,),
    _workers: (DaemonLimits,),
    _ports: (QemuConf, Listening),
    _startups: (SshdSettings, SshdListener),
    _startups_of_one: (SshdSettings,),
}
