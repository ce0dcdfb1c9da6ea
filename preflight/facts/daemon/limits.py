"""Limits on clients and workers of the daemon that manages guests, and how many of them are in use.

The running values take precedence over the file: `virt-admin` reports the effective limits. If it could not be
queried, the file and the defaults of that version are used, and `live` is False. The capacity of a host is computed
from this.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, NamedTuple, Self

from preflight.facts.daemon.conf import DaemonConf
from preflight.facts.daemon.daemons import DaemonName, Daemons
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.text.located import Located

#: Keys of the file, and the name of the same limit in `virt-admin`.
IN_FORCE = {
    "max_clients": "nclients_max",
    "max_anonymous_clients": "nclients_unauth_max",
    "min_workers": "minWorkers",
    "max_workers": "maxWorkers",
    "prio_workers": "prioWorkers",
}
#: Other values that `virt-admin` reports.
IN_USE = ("nclients", "nclients_unauth", "nWorkers", "freeWorkers", "jobQueueDepth")
#: Workers of the source that migrations must leave free, or nobody can query progress or abort a migration: each of
#: these calls is a low-priority procedure (remote_protocol.x), which the prio_workers do not handle.
RESERVED_WORKERS = 2
FIELD = re.compile(r"^(\w+)\s*:\s*(\d{1,10})\s*$", re.ASCII)


class Drift(NamedTuple):
    """Limit that is set in the file and differs in the running daemon."""

    key: str
    configured: Located[int]
    in_force: int


class DaemonLimits(Fact, frozen=True, kw_only=True):
    """The limits of the daemon that manages guests."""

    conf: DaemonConf
    #: True if the running daemon was queried. Otherwise nothing is known about usage.
    live: bool
    #: Maximum number of connections, including read-only ones and those over the network.
    max_clients: Located[int]
    #: Maximum number of unauthenticated connections; 0 for no separate limit.
    max_anonymous_clients: Located[int]
    min_workers: Located[int]
    #: Maximum number of calls processed at a time, without those that `prio_workers` may handle.
    max_workers: Located[int]
    prio_workers: Located[int]
    #: Current connections, without preflight's own; None if not live.
    clients: int | None
    #: Current unauthenticated connections; None if not live.
    anonymous_clients: int | None
    #: Workers that were processing a call; None if not live.
    busy_workers: int | None
    #: Calls that were waiting for a worker; None if not live.
    queued_jobs: int | None
    #: Limits whose value in the file differs from the effective one.
    drift: tuple[Drift, ...]
    #: True if the file was modified after the daemon had read it; None if that is unknown.
    changed_since_start: bool | None
    #: A clause with the reason why the running daemon was not queried; empty if it was.
    unqueried: str = ""

    @property
    def daemon(self) -> DaemonName:
        """The daemon's name."""
        return self.conf.daemon

    @property
    def max_client_requests(self) -> Located[int]:
        """Outstanding calls per connection. No running daemon reports it: it is taken from the file or the defaults.

        Raises `Unreadable` if the file was changed after the daemon had read it, or if the default is unknown.
        """
        if self.changed_since_start:
            raise _stale(self.conf, "max_client_requests")
        return self.conf.number("max_client_requests")

    def room_for_clients(self) -> int:
        """Return how many connections can still be opened; raises `Unreadable` if the number in use is unknown."""
        if self.clients is None:
            raise Unreadable(f"the number of clients of {self.daemon} is unknown: {self.unqueried}")
        return max(0, self.max_clients.value - self.clients)

    def free_workers(self) -> int:
        """Return the number of free workers, started or not; raises `Unreadable` if that of busy ones is unknown."""
        if self.busy_workers is None:
            raise Unreadable(f"the number of busy workers of {self.daemon} is unknown: {self.unqueried}")
        return max(0, self.max_workers.value - self.busy_workers)

    def room_for_migrations(self) -> int:
        """Return how many migrations leave the source's daemon enough workers to report progress and to abort."""
        return max(0, self.free_workers() - RESERVED_WORKERS)

    @classmethod
    def parse(
        cls,
        limits: Record,
        _libvirt_versions: Annotated[Record, "libvirt.versions"],
        conf: DaemonConf,
        daemons: Daemons,
        own_clients: Annotated[Record, "own.clients"],
    ) -> Self:
        """Parse virt-admin's output for the daemon; `own_clients` is the number of preflight's connections to it.

        If libvirt could not be reached, that is the reason why the limits are unknown.
        """
        if daemons.serving is None:  # the daemon that systemd would start has a file, but no limits yet
            raise Unreadable("neither libvirtd nor virtqemud is running or listening on this host")
        changed = daemons.changed_since_start(conf.daemon)
        told = _complete(told_of(limits, conf.daemon))
        if not told and changed:
            raise _stale(conf, "its limits")
        values = {key: _in_force(conf, key, told[name]) if told else conf.number(key) for key, name in IN_FORCE.items()}
        return cls(
            conf=conf,
            live=bool(told),
            **values,
            clients=max(0, told["nclients"] - _own(own_clients)) if told else None,
            anonymous_clients=told["nclients_unauth"] if told else None,
            busy_workers=max(0, told["nWorkers"] - told["freeWorkers"]) if told else None,
            queued_jobs=told["jobQueueDepth"] if told else None,
            drift=tuple(_drift(conf, told)) if told else (),
            changed_since_start=changed,
            unqueried="" if told else f"virt-admin could not be queried{limits.because}",
        )


def _stale(conf: DaemonConf, what: str) -> Unreadable:
    return Unreadable(f"{conf.path} was changed after {conf.daemon} started: {what} cannot be known before a restart")


def told_of(limits: Record, daemon: str) -> Mapping[str, int]:
    """Return virt-admin's values for this daemon, by virt-admin's names; empty if it was not queried or gave none."""
    told: dict[str, int] = {}
    mine = False
    for line in limits.out.splitlines():
        if line.startswith("daemon "):
            mine = line.removeprefix("daemon ").strip() == daemon
        elif mine and (field := FIELD.match(line)):
            told.setdefault(field[1], int(field[2]))
    return told


def _complete(told: Mapping[str, int]) -> Mapping[str, int]:
    """Return the values if they are complete, otherwise none."""
    return told if told.keys() >= {*IN_FORCE.values(), *IN_USE} else {}


def _in_force(conf: DaemonConf, key: str, value: int) -> Located[int]:
    """Return the effective value, with its location in the file if the file has the same value."""
    file = conf.conf.settings.get(key)
    return Located(value, file.at if file is not None and file.value == value else None)


def _drift(conf: DaemonConf, told: Mapping[str, int]) -> Iterator[Drift]:
    for key, name in IN_FORCE.items():
        if key not in conf.conf.settings:
            continue
        try:
            file = conf.number(key)
            # virThreadPoolNewFull lowers the minimum to the maximum
            expected = min(file.value, conf.number("max_workers").value) if key == "min_workers" else file.value
        except Unreadable:
            continue
        if expected != told[name]:
            yield Drift(key, file, told[name])


def _own(record: Record) -> int:
    count = record.required().strip()
    if not re.fullmatch(r"\d{1,6}", count, re.ASCII):
        raise Unreadable("the number of connections that preflight itself held is unknown")
    return int(count)
