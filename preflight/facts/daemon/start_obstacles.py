"""What would keep libvirt's daemons beside the one that manages guests from starting, and so from being reached."""

from collections.abc import Mapping
from typing import Self

from preflight.facts.daemon.conf_problems import problems, side_problems
from preflight.facts.daemon.daemons import Daemons
from preflight.facts.daemon.log_and_lock import Obstacle
from preflight.facts.daemon.side_daemons import SideDaemons
from preflight.facts.fact import Fact, Unreadable
from preflight.facts.libvirt.versions import Versions
from preflight.facts.text.libvirt_conf import Conf, ConfProblem
from preflight.facts.version import Version

#: The daemons of a modular libvirt that virtqemud connects to.
DRIVERS = ("virtnetworkd", "virtstoraged", "virtsecretd", "virtnwfilterd", "virtnodedevd", "virtinterfaced")


class StartObstacles(Fact, frozen=True, kw_only=True):
    """Sockets and files of the daemons that the one that manages guests connects to."""

    #: The problems that would keep a daemon from starting with its file, by the daemon's name.
    problems: Mapping[str, tuple[ConfProblem, ...]]
    #: Why a connection to one of virtqemud's drivers fails; empty if libvirtd has them itself, or if it is unknown.
    drivers: Mapping[str, Obstacle]
    #: virtlogd and virtlockd, if they run.
    running: frozenset[str]

    @classmethod
    def parse(
        cls, daemons: Daemons | Unreadable, side: SideDaemons | Unreadable, versions: Versions | Unreadable
    ) -> Self:
        """Take the sockets and files; where they are unknown, no obstacle is known."""
        if isinstance(daemons, Unreadable) or isinstance(side, Unreadable):
            return cls(problems={}, drivers={}, running=frozenset())
        version = None if isinstance(versions, Unreadable) else versions.libvirt
        modular = daemons.intended == "virtqemud"
        running = {one.name for one in daemons.processes} & {"virtlogd", "virtlockd"}
        named = (*sorted(running), *(DRIVERS if modular else ()))
        found = {name: tuple(_problems(name, side.conf(name), version)) for name in named}
        obstacles = {name: _obstacle(name, side, found[name]) for name in DRIVERS if modular}
        return cls(
            problems={name: some for name, some in found.items() if some},
            drivers={name: obstacle for name, obstacle in obstacles.items() if obstacle is not None},
            running=frozenset(running),
        )


def socket_gone(daemon: str) -> str:
    """Return libvirt's error once systemd has given up a daemon that does not start, and has removed its socket."""
    return f"Failed to connect socket to '/var/run/libvirt/{daemon}-sock': No such file or directory"


def _problems(name: str, conf: Conf, version: Version | None) -> tuple[ConfProblem, ...]:
    if name in ("virtlogd", "virtlockd"):
        return tuple(side_problems(name, conf, version))
    return tuple(problems(name, conf, version))


def _obstacle(name: str, side: SideDaemons, problems: tuple[ConfProblem, ...]) -> Obstacle | None:
    if name in side.masked:
        return Obstacle(f"{name}.service is masked")
    for problem in problems:
        return Obstacle(problem.message, problem.location)
    return None if side.listens(name) else Obstacle(f"nothing listens at /run/libvirt/{name}-sock")
