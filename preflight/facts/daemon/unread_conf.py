"""Configuration file that no daemon reads: that of the daemon not in use, or one replaced on the command line.

libvirtd.conf stays on disk, with all its tuning, when a host switches to the modular daemons, and a tuning guide for
one kind of daemon is easily followed on a host with the other.
"""

from collections.abc import Mapping
from typing import Annotated, Self

from preflight.facts.daemon.daemons import DaemonName, Daemons
from preflight.facts.defaults import known_settings
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.text.libvirt_conf import Value, parse_conf
from preflight.facts.text.located import Located


class UnreadConf(Fact, frozen=True, kw_only=True):
    """Settings that are only in the unread file."""

    #: The daemon that manages guests.
    serving: DaemonName
    #: The file that it does not read.
    path: str
    #: Settings in that file that the serving daemon would understand, and that are not the same in its own file.
    settings: Mapping[str, Located[Value]]

    @classmethod
    def parse(
        cls,
        daemons: Daemons,
        libvirtd_conf: Annotated[Record, "libvirtd.conf"],
        virtqemud_conf: Annotated[Record, "virtqemud.conf"],
    ) -> Self:
        """Parse the usual file of a daemon that was started with another one, else that of the daemon not in use."""
        serving = daemons.serving
        if serving is None:
            raise Unreadable("neither libvirtd nor virtqemud is running or listening on this host")
        records = {"libvirtd": libvirtd_conf, "virtqemud": virtqemud_conf}
        other = "virtqemud" if serving == "libvirtd" else "libvirtd"
        if daemons.reads_another(serving):
            other = serving
        own = daemons.conf(serving, records[serving]).settings
        unread = parse_conf(f"/etc/libvirt/{other}.conf", records[other])
        understood = known_settings(serving, None)
        return cls(
            serving=serving,
            path=unread.path,
            settings={
                key: value
                for key, value in unread.settings.items()
                if key in understood and (key not in own or own[key].value != value.value)
            },
        )
