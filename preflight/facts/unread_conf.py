"""The configuration file of the libvirt daemon that does not serve guests: what it says is read by nobody.

libvirtd.conf stays on disk, with all that was tuned in it, when a host changes to the modular daemons, and a tuning
guide for either kind is easily followed on the other.
"""

from collections.abc import Mapping
from typing import Self

from preflight.facts.daemon import DaemonName, Daemons
from preflight.facts.defaults import known_settings
from preflight.facts.libvirt_conf import Value, parse_conf
from preflight.facts.located import Located
from preflight.facts.record import Fact, Record, Unreadable


class UnreadConf(Fact, frozen=True, kw_only=True):
    """Settings that stand in the other daemon's file alone."""

    #: The daemon that guests belong to.
    serving: DaemonName
    #: The file that it does not read.
    path: str
    #: What that file sets, which the serving daemon would understand, and which its own file does not say too.
    settings: Mapping[str, Located[Value]]

    @classmethod
    def parse(cls, daemons: Record, libvirtd_conf: Record, virtqemud_conf: Record, _virtproxyd_conf: Record) -> Self:
        """Read the file of whichever of libvirtd and virtqemud does not serve."""
        serving = Daemons.parse(daemons, Record("", 1)).serving
        if serving is None:
            raise Unreadable("neither libvirtd nor virtqemud runs or listens on this host")
        records = {"libvirtd": libvirtd_conf, "virtqemud": virtqemud_conf}
        other = "virtqemud" if serving == "libvirtd" else "libvirtd"
        own = parse_conf(f"/etc/libvirt/{serving}.conf", records[serving]).settings
        unread = parse_conf(f"/etc/libvirt/{other}.conf", records[other])
        known = known_settings(serving, None)
        return cls(
            serving=serving,
            path=unread.path,
            settings={
                key: value
                for key, value in unread.settings.items()
                if key in known and (key not in own or own[key].value != value.value)
            },
        )
