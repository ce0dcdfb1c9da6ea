"""How many clients and workers the daemon that guests belong to allows, and how many are taken.

What runs beats what the file says: `virt-admin` tells the values in force; where it could not be asked, the file and
the defaults of that version stand in, and `live` is False. The capacity of a host is worked out from this.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Self

from preflight.facts.daemon.conf import DaemonConf
from preflight.facts.daemon.daemons import DaemonName, Daemons
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.text.located import Located

#: Keys of the file, and what `virt-admin` calls the same limit.
IN_FORCE = {
    "max_clients": "nclients_max",
    "max_anonymous_clients": "nclients_unauth_max",
    "min_workers": "minWorkers",
    "max_workers": "maxWorkers",
    "prio_workers": "prioWorkers",
}
#: What else `virt-admin` tells.
IN_USE = ("nclients", "nclients_unauth", "nWorkers", "freeWorkers", "jobQueueDepth")
#: Workers of the source that migrations must leave free, or nobody can ask for progress or abort one: every one of
#: those calls is a low-priority procedure (remote_protocol.x), which the prio_workers do not take.
RESERVED_WORKERS = 2
FIELD = re.compile(r"^(\w+)\s*:\s*(\d{1,10})\s*$", re.ASCII)


class Drift(NamedTuple):
    """A limit that the file sets and the running daemon does not have."""

    key: str
    configured: Located[int]
    in_force: int


class DaemonLimits(Fact, frozen=True, kw_only=True):
    """The limits of the daemon that guests belong to."""

    conf: DaemonConf
    #: Whether the running daemon was asked. Else nothing is known about what is in use.
    live: bool
    #: Connections at a time, read-only ones and those over the network too.
    max_clients: Located[int]
    #: Connections at a time that have not authenticated; 0 for no limit of their own.
    max_anonymous_clients: Located[int]
    min_workers: Located[int]
    #: Calls that are worked on at a time, without those that `prio_workers` may take.
    max_workers: Located[int]
    prio_workers: Located[int]
    #: Connections open now, without preflight's own; None when not live.
    clients: int | None
    #: Connections of those that have not authenticated; None when not live.
    anonymous_clients: int | None
    #: Workers that had a call to do; None when not live.
    busy_workers: int | None
    #: Calls that waited for a worker; None when not live.
    queued_jobs: int | None
    #: Where the file says another than what is in force.
    drift: tuple[Drift, ...]
    #: Whether the file was written after the daemon had read it; None when that is not known.
    changed_since_start: bool | None

    @property
    def daemon(self) -> DaemonName:
        """The daemon's name."""
        return self.conf.daemon

    @property
    def max_client_requests(self) -> Located[int]:
        """Calls of one connection that may be outstanding. No running daemon tells it: it is the file's or the default.

        Raises `Unreadable` when the file was changed after the daemon had read it, or the default is not known.
        """
        if self.changed_since_start:
            raise _stale(self.conf, "max_client_requests")
        return self.conf.number("max_client_requests")

    def room_for_clients(self) -> int:
        """Connections that can still be opened; raises `Unreadable` when it is not known how many are."""
        if self.clients is None:
            raise Unreadable(f"the number of clients of {self.daemon} is unknown: virt-admin could not be queried")
        return max(0, self.max_clients.value - self.clients)

    def free_workers(self) -> int:
        """Workers, started yet or not, that have no call to do; raises `Unreadable` likewise."""
        if self.busy_workers is None:
            raise Unreadable(f"the number of busy workers of {self.daemon} is unknown: virt-admin could not be queried")
        return max(0, self.max_workers.value - self.busy_workers)

    def room_for_migrations(self) -> int:
        """Migrations that leave this daemon, as the source's, workers to tell of progress and to abort one."""
        return max(0, self.free_workers() - RESERVED_WORKERS)

    @classmethod
    def parse(
        cls,
        limits: Record,
        daemons: Record,
        libvirtd_conf: Record,
        virtqemud_conf: Record,
        virtproxyd_conf: Record,
        libvirt_versions: Record,
        own_clients: Record,
    ) -> Self:
        """Read what virt-admin told of the daemon; `own_clients` is how many connections preflight held to it."""
        conf = DaemonConf.parse(daemons, libvirtd_conf, virtqemud_conf, virtproxyd_conf, libvirt_versions)
        changed = Daemons.parse(daemons, Record("", 1)).changed_since_start(conf.daemon)
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
        )


def _stale(conf: DaemonConf, what: str) -> Unreadable:
    return Unreadable(f"{conf.path} was changed after {conf.daemon} started: {what} cannot be known before a restart")


def told_of(limits: Record, daemon: str) -> Mapping[str, int]:
    """What virt-admin said of this daemon, by virt-admin's own words; empty when it was not asked or said nothing."""
    told: dict[str, int] = {}
    mine = False
    for line in limits.out.splitlines():
        if line.startswith("daemon "):
            mine = line.removeprefix("daemon ").strip() == daemon
        elif mine and (field := FIELD.match(line)):
            told.setdefault(field[1], int(field[2]))
    return told


def _complete(told: Mapping[str, int]) -> Mapping[str, int]:
    """All of it, or nothing."""
    return told if told.keys() >= {*IN_FORCE.values(), *IN_USE} else {}


def _in_force(conf: DaemonConf, key: str, value: int) -> Located[int]:
    """The value in force; with its place in the file where that says the same."""
    file = conf.conf.settings.get(key)
    return Located(value, file.at if file is not None and file.value == value else None)


def _drift(conf: DaemonConf, told: Mapping[str, int]) -> Iterator[Drift]:
    for key, name in IN_FORCE.items():
        if key not in conf.conf.settings:
            continue
        try:
            file = conf.number(key)
            # virThreadPoolNewFull lowers the least to the most
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
