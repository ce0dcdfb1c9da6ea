"""How many migrations can run at once between two hosts, as configured and as used now, and what stops the next one.

Counted for one libvirt connection a migration, as one `virsh migrate` a guest has it. What a migration takes of each
limit, and why, is in docs/capacity.md.
"""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from preflight.facts.daemon_limits import DaemonLimits
from preflight.facts.listening import Listening
from preflight.facts.qemu_conf import QemuConf
from preflight.facts.record import Unreadable
from preflight.facts.sshd import SshdListener, SshdSettings
from preflight.host import Host
from preflight.migration import Migration, Transport
from preflight.report import Capacity, Limit


def capacity(source: Host, destination: Host, migration: Migration) -> Capacity:
    """Every limit in the path of this kind of migration; one that could not be read has `allows` None."""
    found: list[Limit] = []
    for ask, name, host, burst in _in_path(source, destination, migration):
        try:
            found.append(replace(ask(host, migration), name=name, host=host.role, burst=burst))
        except Unreadable as why:
            found.append(Limit(name, host.role, None, None, None, burst, str(why)))
    return Capacity(tuple(found))


Ask = Callable[[Host, Migration], Limit]


def _in_path(source: Host, destination: Host, migration: Migration) -> Iterator[tuple[Ask, str, Host, bool]]:
    yield _clients, "max_clients", source, False
    yield _clients, "max_clients", destination, False
    if not migration.offline:
        # the source's worker is held for the whole transfer; the destination's only while it prepares and finishes
        yield _workers, "max_workers", source, False
    if not migration.offline and not migration.tunnelled:
        yield _ports, "migration_port_range", destination, False
    if migration.source_over_ssh:
        yield _startups, "MaxStartups", source, True
    if migration.transport is Transport.SSH:
        yield _startups, "MaxStartups", destination, True


def _clients(host: Host, _migration: Migration) -> Limit:
    limits = host.fact(DaemonLimits)
    return Limit("", host.role, limits.max_clients.value, limits.clients, limits.room_for_clients())


def _workers(host: Host, _migration: Migration) -> Limit:
    limits = host.fact(DaemonLimits)
    return Limit("", host.role, limits.max_workers.value, limits.busy_workers, limits.room_for_migrations())


def _ports(host: Host, migration: Migration) -> Limit:
    ports = host.fact(QemuConf).port_range
    used = len(host.fact(Listening).used_in(ports.start, ports.stop - 1))
    return Limit("", host.role, len(ports), used, max(0, len(ports) - used) // migration.ports_each)


def _startups(host: Host, _migration: Migration) -> Limit:
    configured = host.fact(SshdSettings).max_startups.value
    try:
        pending: int | None = host.fact(SshdListener).current
    except Unreadable:
        pending = None  # a login lasts well under a second: none is the usual state
    return Limit("", host.role, configured.start, pending, max(0, configured.start - (pending or 0)))
