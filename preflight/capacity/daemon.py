"""Limits of libvirt's daemons: clients, workers, requests, ports, locks, open files."""

from preflight.capacity.limit import Limit, Setting
from preflight.capacity.reader import Asked
from preflight.facts.daemon.clients import LockDaemon, ProxyLimits
from preflight.facts.daemon.limits import RESERVED_WORKERS, DaemonLimits
from preflight.facts.daemon.open_files import OpenFiles
from preflight.facts.daemon.qemu_conf import QemuConf
from preflight.facts.network.accept_queue import AcceptQueue
from preflight.facts.network.listening import Listening
from preflight.facts.text.located import Located
from preflight.request.migration import Role

#: File descriptors that a daemon holds for one migration, as source and as destination, counted in the lab (libvirt 9.0
#: and QEMU 7.2): a client's socket; with p2p also the pipes to ssh; on the destination those for a guest with few
#: devices.
FILES = {
    "managed": {Role.SOURCE: 1, Role.DESTINATION: 6},
    "p2p": {Role.SOURCE: 4, Role.DESTINATION: 6},
    "tunnelled": {Role.SOURCE: 7, Role.DESTINATION: 7},
}
#: The highest port number.
HIGHEST_PORT = 65535
#: File descriptors that a daemon opens briefly while it starts a QEMU.
SPARE_FILES = 3


def clients(asked: Asked) -> Limit:
    """Read max_clients: each migration is one connection to each daemon, in every mode."""
    limits = asked.host.fact(DaemonLimits)
    return asked.limit(
        limits.max_clients,
        limits.clients,
        limits.room_for_clients(),
        beyond="waits",
        setting=_setting(limits, "max_clients", limits.max_clients),
    )


def clients_of_proxy(asked: Asked) -> Limit:
    """Read max_clients of virtproxyd, which forwards TLS and TCP connections to modular daemons."""
    proxy = asked.host.fact(ProxyLimits).clients
    setting = Setting(proxy.path, "max_clients", proxy.most.value, "restart virtproxyd")
    return asked.limit(proxy.most, proxy.now, proxy.room, beyond="waits", setting=setting)


def workers(asked: Asked) -> Limit:
    """Read max_workers: each migration holds one worker on the source for the whole transfer.

    If guests migrate both ways, one more worker must stay free. Without it the host accepts no guest, and a guest whose
    memory has arrived stays paused until a migration the other way has ended, since a worker starts the guest there.
    """
    limits = asked.host.fact(DaemonLimits)
    kept = 1 if asked.migration.both_ways else 0
    return asked.limit(
        limits.max_workers,
        limits.busy_workers,
        limits.free_workers() - kept,
        reserve=RESERVED_WORKERS,
        beyond="waits",
        setting=_setting(limits, "max_workers", limits.max_workers),
    )


def _setting(limits: DaemonLimits, key: str, value: Located[int]) -> Setting:
    return Setting(limits.conf.path, key, value.value, f"restart {limits.daemon}")


def ports(asked: Asked) -> Limit:
    """Read the range of ports on which QEMU listens on the destination."""
    conf = asked.host.fact(QemuConf)
    found = conf.port_range
    used = len(asked.host.fact(Listening).used_in(found.start, found.stop - 1))
    place = conf.migration_port_max if conf.migration_port_max.at else conf.migration_port_min
    return asked.limit(
        Located(len(found), place.at),
        used,
        len(found) - used,
        each=asked.migration.ports_each,
        written=f"{found.start}-{found.stop - 1}",
        beyond="fails at once",
        setting=Setting(
            conf.path, "migration_port_max", found.stop - 1, "restart the libvirt daemon", most=HIGHEST_PORT
        ),
    )


def locks(asked: Asked) -> Limit:
    """Read max_clients of virtlockd: a guest whose disks it locks is its client from start to end."""
    locked = asked.host.fact(LockDaemon).clients
    setting = Setting(
        locked.path,
        "max_clients",
        locked.most.value,
        "restart virtlockd while no guest runs, which would lose its locks",
    )
    return asked.limit(locked.most, locked.now, locked.room, beyond="waits", setting=setting)


def files(asked: Asked) -> Limit:
    """Read RLIMIT_NOFILE of the daemon that serves the guests."""
    daemon = asked.host.fact(DaemonLimits).daemon
    found = asked.host.fact(OpenFiles).of(daemon)
    of_ends = FILES[asked.migration.method.mode.value]
    each = of_ends[asked.host.role] if asked.ways == 1 else sum(of_ends.values())
    left = found.limit - found.used - SPARE_FILES
    setting = Setting(
        f"/etc/systemd/system/{daemon}.service.d/override.conf", "LimitNOFILE", found.limit, f"restart {daemon}"
    )
    return asked.limit(Located(found.limit), found.used, left, each=each, beyond="fails", setting=setting)


def requests(asked: Asked) -> Limit:
    """Read max_client_requests of the source: each migration over a connection is a call that lasts as long.

    With that many calls in progress the daemon no longer reads from the connection, not even the replies to its
    keepalive messages, and closes the connection after half a minute. So one must stay free.
    """
    limits = asked.host.fact(DaemonLimits)
    most = limits.max_client_requests
    return asked.limit(most, None, most.value - 1, beyond="all are cut off")


def anonymous(asked: Asked) -> Limit:
    """Read max_anonymous_clients: connections that are not authenticated yet, as every new one is; 0 is no limit."""
    limits = asked.host.fact(DaemonLimits)
    most = limits.max_anonymous_clients
    left = limits.max_clients.value if not most.value else most.value - (limits.anonymous_clients or 0)
    return asked.limit(most, limits.anonymous_clients, left, beyond="waits briefly")


def queued(asked: Asked) -> Limit:
    """Read max_queued_clients: connections not yet accepted by the daemon, at most net.core.somaxconn."""
    most = asked.host.fact(DaemonLimits).conf.number("max_queued_clients")
    system = asked.host.fact(AcceptQueue).somaxconn
    # listen(2) uses the smaller of the two
    least = Located(system) if system < most.value else most
    written = f"{least.value} (somaxconn)" if least is not most else None
    return asked.limit(least, None, least.value, written=written, beyond="waits briefly")
