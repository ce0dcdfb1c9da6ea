"""The libvirt daemons that run on a host, their start times, and the states of their systemd units."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Literal, NamedTuple, Self, TypeAlias, get_args

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.text.libvirt_conf import Conf, parse_conf
from preflight.facts.text.systemd import units_shown

#: If both are installed, the modular one is assumed, since newer releases install it.
DaemonName: TypeAlias = Literal["virtqemud", "libvirtd"]

#: A number with at most 15 digits before the point, as `/proc` and `stat` write it.
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,12})?", re.ASCII)


class Process(NamedTuple):
    """Running daemon."""

    name: str
    pid: int
    #: Start time in seconds since 1970 by the host's own clock, accurate to about 20 ms. It is shifted if the clock was
    #: set since.
    started: float


class Unit(NamedTuple):
    """State of a systemd unit, in systemd's own words (`systemctl show`); empty where systemd reports nothing."""

    #: loaded, not-found, masked, error…
    load_state: str
    #: active, inactive, failed, activating…
    active_state: str
    #: running, dead, listening…
    sub_state: str
    #: enabled, disabled, masked, static…
    unit_file_state: str
    #: success, exit-code, signal, start-limit-hit…
    result: str


class Daemons(Fact, frozen=True, kw_only=True):
    """The daemons of one host."""

    processes: tuple[Process, ...]
    #: The daemon that manages QEMU guests and that a client's `qemu:///system` reaches (remoteGetUNIXSocket in
    #: src/remote/remote_sockets.c: virtqemud if its socket exists, otherwise libvirtd). None if there is neither.
    serving: DaemonName | None
    #: Units by name, as "libvirtd.socket". Empty on a host without systemd.
    units: Mapping[str, Unit]
    #: Modification times of the files in /etc/libvirt, by name without ".conf", in seconds since 1970. Files that do
    #: not exist or are not accessible are not included.
    conf_modified: Mapping[str, float]
    #: Entries where the daemon looks for the owner's hook scripts, which it runs whenever a guest starts or moves.
    hooks: tuple[str, ...] = ()
    #: Configuration files that daemons were given on the command line (-f), by the daemon's name.
    told: Mapping[str, str] = {}
    #: The texts of those files that could be read, by path.
    texts: Mapping[str, str] = {}

    @property
    def running(self) -> bool:
        """True if the daemon that manages guests is running. One that its socket would start is not running yet."""
        return self.serving is not None and self.process(self.serving) is not None

    def process(self, name: str) -> Process | None:
        """Return the running daemon of that name, or None; the oldest if there are several."""
        return min((one for one in self.processes if one.name == name), key=lambda one: one.started, default=None)

    def conf_path(self, name: str) -> str:
        """Return the path of the file that the daemon of this name reads; "qemu" stands for qemu.conf."""
        return self.told.get(name, f"/etc/libvirt/{name}.conf")

    def reads_another(self, name: str) -> bool:
        """Report whether the daemon was started with another file than its usual one."""
        return self.conf_path(name) != f"/etc/libvirt/{name}.conf"

    def conf(self, name: str, usual: Record) -> Conf:
        """Parse the file that the daemon of this name reads, its `usual` one or another; raises `Unreadable`."""
        path = self.conf_path(name)
        if not self.reads_another(name):
            return parse_conf(path, usual)
        if path not in self.texts:
            raise Unreadable(f"{name} was started with the configuration file {path}, which could not be read")
        return parse_conf(path, Record(self.texts[path]))

    @property
    def intended(self) -> DaemonName | None:
        """The daemon that manages guests, or would if it were started; None if neither is installed."""
        if self.serving is not None:
            return self.serving
        found: list[DaemonName] = [
            name for name in get_args(DaemonName) if self._state(f"{name}.service").load_state not in ("", "not-found")
        ]
        wanted = [name for name in found if self._wanted(name)]
        return next(iter(wanted + found), None)

    def changed_since_start(self, conf: str) -> bool | None:
        """Report whether a file ("libvirtd", "virtqemud", "virtproxyd", "qemu") changed after its daemon read it.

        qemu.conf is read by the daemon that manages guests. None if that daemon is not running, or if the modification
        time is unknown, for example because the file does not exist.
        """
        reader = self.serving if conf == "qemu" else conf
        process = None if reader is None else self.process(reader)
        modified = self.conf_modified.get(self.told.get(conf, conf))
        return None if process is None or modified is None else modified > process.started

    @property
    def given_up(self) -> bool:
        """True if systemd no longer listens for the daemon, because it failed to start several times in a row."""
        return self.intended is not None and self.has_given_up(self.intended)

    @property
    def has_failed(self) -> bool:
        """True if the daemon that manages guests was started, and ended with an error."""
        return self.intended is not None and self._state(f"{self.intended}.service").active_state == "failed"

    def has_given_up(self, name: str) -> bool:
        """Report whether systemd no longer listens for the daemon of this name."""
        return self._state(f"{name}.socket").active_state == "failed"

    def why_not_running(self) -> str:
        """Return why no daemon manages guests, as a clause: "libvirtd.service is masked". Moot while one runs."""
        if not self.units:
            return "neither virtqemud nor libvirtd is running"
        if self.intended is None:
            return "the libvirt daemon is not installed: neither libvirtd.service nor virtqemud.service exists"
        return self._why_not(self.intended)

    def _why_not(self, name: str) -> str:
        service, socket = self._state(f"{name}.service"), self._state(f"{name}.socket")
        if service.load_state == "masked":
            return f"{name}.service is masked"
        if service.load_state != "loaded":
            return f"{name}.service cannot be loaded ({service.load_state or 'systemd gives no reason'})"
        if service.active_state == "failed":
            return f"{name}.service failed ({service.result})"
        if service.active_state != "inactive":
            return f"{name}.service is {service.active_state} ({service.sub_state}), but no such process was found"
        if socket.active_state == "active":
            return f"{name}.service is inactive; {name}.socket would start it"
        return f"{name}.service is inactive and no socket unit would start it"

    def _wanted(self, name: str) -> bool:
        """Report whether this daemon is meant to run."""
        units = self._state(f"{name}.service"), self._state(f"{name}.socket")
        return any(unit.unit_file_state == "enabled" or unit.active_state in {"active", "failed"} for unit in units)

    def _state(self, name: str) -> Unit:
        return self.units.get(name, Unit("not-found", "inactive", "dead", "", ""))

    @classmethod
    def parse(cls, daemons: Record, units: Annotated[Record, OPTIONAL]) -> Self:
        """Parse the list of processes; without systemd's answer, everything except the reasons is still known."""
        boot: float | None = None
        ticks = 0.0
        seen: list[Process] = []
        modified: dict[str, float] = {}
        hooks: list[str] = []
        sockets: set[str] = set()
        told: dict[str, str] = {}
        lines, *files = daemons.required().split("\x1f")
        for line in lines.splitlines():
            match line.split():
                case ["clock", now, uptime, per_second]:
                    boot, ticks = _number(now) - _number(uptime), _number(per_second)
                case ["process", name, pid, start] if boot is not None and ticks > 0:
                    seen.append(Process(name, int(_number(pid)), boot + _number(start) / ticks))
                case ["conf", name, _] if "/hooks/" in name:
                    hooks.append(name)
                case ["conf", name, time] if name in told.values():
                    modified[name] = _number(time)
                case ["conf", name, time]:
                    modified[PurePosixPath(name).stem] = _number(time)
                case ["reads", path, name]:
                    told[name] = path
                case ["socket", name]:
                    sockets.add(name)
                case [] | ["apart" | "unit", *_]:  # see Confinement
                    continue
                case [word, *_] if word.startswith("/proc/"):
                    continue
                case _:
                    raise Unreadable(f"unexpected line in the list of daemons: {line[:80]!r}")
        if boot is None:
            raise Unreadable("the list of daemons does not include the time")
        states = {} if units.code else units_of(units.out)
        return cls(
            processes=tuple(seen),
            serving=_serving({one.name for one in seen}, sockets, states),
            units=states,
            conf_modified=modified,
            hooks=tuple(hooks),
            told=told,
            texts={path: text for path, _, text in (file.partition("\n") for file in files) if text},
        )


def _serving(running: set[str], sockets: set[str], units: Mapping[str, Unit]) -> DaemonName | None:
    if "virtqemud" in running or "virtqemud-sock" in sockets:
        return "virtqemud"
    if "libvirtd" in running:
        return "libvirtd"
    # virtproxyd listens on the same socket
    proxy = units.get("virtproxyd.socket")
    if "libvirt-sock" in sockets and "virtproxyd" not in running and (proxy is None or proxy.active_state != "active"):
        return "libvirtd"
    return None


def _number(text: str) -> float:
    if not NUMBER.fullmatch(text):
        raise Unreadable(f"invalid number in the list of daemons: {text[:80]!r}")
    return float(text)


def units_of(shown: str) -> Mapping[str, Unit]:
    """Return the units that `systemctl show` printed, by name."""
    units = {}
    for told in units_shown(shown):
        states = ("LoadState", "ActiveState", "SubState", "UnitFileState", "Result")
        units[told["Id"]] = Unit(*(told.get(state, "") for state in states))
    return units
