"""The configuration file of the daemon that guests belong to, and what would keep that daemon from starting with it."""

from typing import Self

from preflight.facts.daemon.conf_problems import problems
from preflight.facts.daemon.daemons import DaemonName, Daemons
from preflight.facts.defaults import Default, default
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.libvirt.versions import Versions
from preflight.facts.text.libvirt_conf import Conf, ConfProblem, Value
from preflight.facts.text.located import Located
from preflight.facts.version import Version


class DaemonConf(Fact, frozen=True, kw_only=True):
    """One daemon's settings as its file has them; whether they are in force, `DaemonLimits` and `Daemons` tell."""

    daemon: DaemonName
    conf: Conf
    #: None when libvirt did not tell its version, as when its daemon does not run.
    version: Version | None
    problems: tuple[ConfProblem, ...]

    @property
    def path(self) -> str:
        """The file, which need not exist."""
        return self.conf.path

    @property
    def present(self) -> bool:
        """Whether the file exists."""
        return self.conf.present

    def is_set(self, key: str) -> bool:
        """Whether the file sets the key; raises `Unreadable` when libvirt cannot parse the file."""
        return self.conf.get(key) is not None

    def value(self, key: str) -> Located[Value] | Located[Default]:
        """What the file sets, else the default of this version; raises `Unreadable` when neither is known."""
        found = self.conf.get(key)
        if found is not None:
            return found
        if self.version is None:
            raise Unreadable(f"the default of {key} depends on libvirt's version, which is unknown")
        return Located(default(self.daemon, key, self.version))

    def number(self, key: str) -> Located[int]:
        """As `value`, for a key that holds a number; raises `Unreadable` when it holds something else."""
        found = self.value(key)
        if isinstance(found.value, int):
            return Located(found.value, found.at)
        raise Unreadable(f"{self.path}: {key} is not a number")

    @classmethod
    def parse(
        cls,
        daemons: Record,
        libvirtd_conf: Record,
        virtqemud_conf: Record,
        _virtproxyd_conf: Record,
        libvirt_versions: Record,
        units: Record = Record("", 1),  # noqa: B008 - a frozen value
    ) -> Self:
        """Read the file of the daemon that guests belong to; virtproxyd only passes calls on to it."""
        known = Daemons.parse(daemons, units)
        serving = known.intended
        if serving is None:
            raise Unreadable("neither libvirtd nor virtqemud is running or listening on this host")
        records = {"libvirtd": libvirtd_conf, "virtqemud": virtqemud_conf}
        conf = known.conf(serving, records[serving])
        try:
            version = Versions.parse(libvirt_versions).libvirt
        except Unreadable:
            version = None
        return cls(daemon=serving, conf=conf, version=version, problems=tuple(problems(serving, conf, version)))
