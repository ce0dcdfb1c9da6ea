"""Client limits of virtproxyd and virtlockd, and the clients that the daemon that manages guests has accepted."""

from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.daemon.daemons import Daemons
from preflight.facts.daemon.limits import told_of
from preflight.facts.defaults import default
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.libvirt.versions import Versions
from preflight.facts.text.libvirt_conf import Conf, parse_conf
from preflight.facts.text.located import Located

_LOCKD = "/etc/libvirt/virtlockd.conf"
#: virLockDaemonConfigNew (src/locking/lock_daemon_config.c).
_LOCKD_DEFAULT = 1024


class Clients(Struct, frozen=True):
    """The effective max_clients and the current clients: none until the daemon runs, as the first client starts it."""

    most: Located[int]
    now: int
    #: Path of the file that sets it, or would.
    path: str

    @property
    def room(self) -> int:
        """Number of connections that can still be opened."""
        return self.most.value - self.now


class ProxyLimits(Fact, frozen=True, kw_only=True):
    """virtproxyd, which forwards connections over TLS or TCP on a host with modular daemons."""

    clients: Clients

    @classmethod
    def parse(
        cls,
        limits: Record,
        daemons: Daemons,
        virtproxyd_conf: Annotated[Record, "virtproxyd.conf"],
        versions: Versions,
    ) -> Self:
        """Parse virt-admin's output for virtproxyd, if it is running, and its file; the default is its version's."""
        conf = daemons.conf("virtproxyd", virtproxyd_conf)
        usual = default("virtproxyd", "max_clients", versions.libvirt)
        return cls(clients=_clients(limits, "virtproxyd", conf, int(usual or 0)))


class LockDaemon(Fact, frozen=True, kw_only=True):
    """virtlockd: with lock_manager = "lockd" every running guest is one of its clients."""

    clients: Clients

    @classmethod
    def parse(
        cls, limits: Annotated[Record, "limits.virtlockd"], virtlockd_conf: Annotated[Record, "virtlockd.conf"]
    ) -> Self:
        """Parse virt-admin's output for virtlockd if it is running, and its file."""
        return cls(clients=_clients(limits, "virtlockd", parse_conf(_LOCKD, virtlockd_conf), _LOCKD_DEFAULT))


class ServingClients(Fact, frozen=True, kw_only=True):
    """The clients of the daemon that manages guests, from virt-admin alone: known even if libvirt does not answer.

    Their number is not part of the fact, since it changes all the time, and a plan depends on facts.
    """

    #: A clause that says so if the daemon has as many clients as it accepts, so that others wait without a message:
    #: "libvirtd has 20 clients, and max_clients is 20". None if it has fewer, or if virt-admin did not report them.
    all_taken: str | None

    @classmethod
    def parse(cls, limits: Annotated[Record, OPTIONAL], daemons: Daemons) -> Self:
        """Parse virt-admin's output for the daemon, if there is any."""
        told = told_of(limits, daemons.serving or "")
        now, most = told.get("nclients"), told.get("nclients_max")
        if now is None or most is None or now < most:
            return cls(all_taken=None)
        return cls(all_taken=f"{daemons.serving} has {now} clients, and max_clients is {most}")


def _clients(limits: Record, daemon: str, conf: Conf, usual: int) -> Clients:
    told = told_of(limits, daemon)
    if "nclients_max" not in told and f"daemon {daemon}" in limits.required().splitlines():
        raise Unreadable(f"virt-admin could not query {daemon}{limits.because}")
    setting = conf.get("max_clients")
    if setting is not None and not isinstance(setting.value, int):
        raise Unreadable(f"{conf.path}: max_clients is not a number")
    file = Located(usual) if setting is None else Located(int(str(setting.value)), setting.at)
    most = told.get("nclients_max", file.value)
    return Clients(file if file.value == most else Located(most), told.get("nclients", 0), conf.path)
