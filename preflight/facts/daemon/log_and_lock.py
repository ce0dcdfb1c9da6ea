"""virtlogd and virtlockd: the daemons that libvirt connects to when it starts a guest, besides its drivers."""

import re
from collections.abc import Mapping
from itertools import filterfalse
from typing import Annotated, Literal, Self, TypeAlias, get_args

from msgspec import Struct

from preflight.facts.daemon.conf_problems import side_problems
from preflight.facts.daemon.daemons import Daemons, Unit, units_of
from preflight.facts.daemon.side_daemons import SideDaemons
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.libvirt.versions import Versions
from preflight.facts.text.libvirt_conf import Conf, parse_conf
from preflight.facts.text.located import Location
from preflight.facts.version import Version

_LISTENS = re.compile(r"^listens (virtlogd|virtlockd)$", re.MULTILINE)

Name: TypeAlias = Literal["virtlogd", "virtlockd"]


class Obstacle(Struct, frozen=True):
    """Reason why a connection to the daemon fails."""

    #: As a clause: "virtlogd.service is masked".
    why: str
    #: The place of the reason in a file, if it has one.
    at: Location | None = None


class LogAndLock(Fact, frozen=True, kw_only=True):
    """virtlogd, which stores what guests print, and virtlockd, which locks their disks if qemu.conf says so."""

    #: Those that run, and those that do not run, but whose socket listens and whose service exists and is not masked.
    running: frozenset[str]
    startable: frozenset[str]
    #: Those at whose sockets nothing listens; None if that is unknown.
    silent: frozenset[str] | None
    #: The units of those that do not run, by name; empty if systemd was not queried or is not there.
    units: Mapping[str, Unit]
    #: The files of those that do not run.
    confs: Mapping[str, Conf]
    #: libvirt's release, and so theirs; None if it is unknown.
    version: Version | None

    def obstacle(self, name: Name) -> Obstacle | None:
        """Return what keeps libvirt from connecting to the daemon, or None if it runs or its socket would start it.

        Raises `Unreadable` if that is unknown. Without an answer from systemd it is known of virtlogd alone: the units
        of libvirtd and virtqemud, to which libvirt's client is connected, require its socket.
        """
        if name in self.running:
            return None
        if name in self.startable:
            return self._problem(name)
        service, socket = self.units.get(f"{name}.service"), self.units.get(f"{name}.socket")
        if service is None or socket is None:
            if self.silent is not None and name in self.silent:
                return Obstacle(f"{name} is not running, and nothing listens at /run/libvirt/{name}-sock")
            if name == "virtlogd" or self.silent is not None:
                return self._problem(name)
            raise Unreadable(f"{name} is not running, and systemd did not say whether it would start it")
        if socket.active_state != "active":
            return Obstacle(f"{name} is not running, and {name}.socket is {socket.active_state}")
        if service.load_state != "loaded":
            return Obstacle(f"{name}.service cannot be started: systemd calls it {service.load_state}")
        return self._problem(name)

    def _problem(self, name: Name) -> Obstacle | None:
        """Return the problem that keeps the daemon from starting with its file."""
        conf = self.confs.get(name)
        problem = None if conf is None else next(side_problems(name, conf, self.version), None)
        return None if problem is None else Obstacle(problem.message, problem.location)

    @classmethod
    def parse(
        cls,
        daemons: Daemons,
        told: Annotated[Record, "log-and-lock", OPTIONAL],
        side: SideDaemons | Unreadable,
        versions: Versions | Unreadable,
    ) -> Self:
        """Parse the sockets, or what systemd says, of those that do not run, and their files."""
        shown, *files = told.out.split("\x1f")
        texts = {path: text for path, _, text in (file.partition("\n") for file in files)}
        paths = {name: f"/etc/libvirt/{name}.conf" for name in get_args(Name)}
        return cls(
            running=frozenset(process.name for process in daemons.processes),
            startable=frozenset(_LISTENS.findall(shown)),
            silent=None if isinstance(side, Unreadable) else frozenset(filterfalse(side.listens, paths)),
            units=units_of(shown),
            confs={name: parse_conf(path, Record(texts[path])) for name, path in paths.items() if path in texts},
            version=None if isinstance(versions, Unreadable) else versions.libvirt,
        )
