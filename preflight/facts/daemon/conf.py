"""The configuration file of the daemon that manages guests, and the problems that would keep it from starting."""

from typing import Annotated, Self

from preflight.facts.daemon.conf_problems import problems
from preflight.facts.daemon.daemons import DaemonName, Daemons
from preflight.facts.defaults import Default, default
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.libvirt.versions import Versions
from preflight.facts.text.libvirt_conf import Conf, ConfProblem, Value
from preflight.facts.text.located import Located
from preflight.facts.version import Version


class DaemonConf(Fact, frozen=True, kw_only=True):
    """Settings of one daemon as its file has them; see `DaemonLimits` and `Daemons` for whether they are in effect."""

    daemon: DaemonName
    conf: Conf
    #: None if libvirt did not report its version, for example because its daemon is not running.
    version: Version | None
    problems: tuple[ConfProblem, ...]

    @property
    def path(self) -> str:
        """Path of the file, which need not exist."""
        return self.conf.path

    @property
    def present(self) -> bool:
        """True if the file exists."""
        return self.conf.present

    def is_set(self, key: str) -> bool:
        """Report whether the file sets the key; raises `Unreadable` if libvirt cannot parse the file."""
        return self.conf.get(key) is not None

    def value(self, key: str) -> Located[Value] | Located[Default]:
        """Return the value in the file, or the default of this version; raises `Unreadable` if neither is known."""
        found = self.conf.get(key)
        if found is not None:
            return found
        if self.version is None:
            raise Unreadable(f"the default of {key} depends on libvirt's version, which is unknown")
        return Located(default(self.daemon, key, self.version))

    def number(self, key: str) -> Located[int]:
        """Return `value` for a numeric key; raises `Unreadable` if it is not a number."""
        found = self.value(key)
        if isinstance(found.value, int):
            return Located(found.value, found.at)
        raise Unreadable(f"{self.path}: {key} is not a number")

    @classmethod
    def parse(
        cls,
        daemons: Daemons,
        libvirtd_conf: Annotated[Record, "libvirtd.conf"],
        virtqemud_conf: Annotated[Record, "virtqemud.conf"],
        versions: Versions | Unreadable,
    ) -> Self:
        """Parse the file of the daemon that manages guests; virtproxyd only forwards calls to it."""
        serving = daemons.intended
        if serving is None:
            raise Unreadable("neither libvirtd nor virtqemud is running or listening on this host")
        records = {"libvirtd": libvirtd_conf, "virtqemud": virtqemud_conf}
        conf = daemons.conf(serving, records[serving])
        version = None if isinstance(versions, Unreadable) else versions.libvirt
        return cls(daemon=serving, conf=conf, version=version, problems=tuple(problems(serving, conf, version)))
