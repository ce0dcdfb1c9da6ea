"""Identity of a host: for libvirt, for the kernel, and for the other end of a migration."""

import re
from typing import Annotated, Self

from preflight import grammar
from preflight.facts.daemon.qemu_conf import QemuConf
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.text.located import Located
from preflight.facts.text.xml import parse_xml

#: The daemons that manage guests; a host runs one of them.
_GUEST_DAEMONS = ("virtqemud", "libvirtd")
_PROCESS = re.compile(r"process (\S+) (\d{1,10}) (\d{1,19})(?: |$)")


class HostIdentity(Fact, frozen=True, kw_only=True):
    """Properties that distinguish this host from every other one."""

    #: libvirt's own UUID for the host, in lower case: two hosts with the same UUID refuse to migrate to each other.
    uuid: str
    #: The kernel's host name.
    hostname: str
    #: /etc/machine-id; None if there is none, or none yet ("uninitialized").
    machine_id: str | None
    #: Name, process ID and start (in ticks since boot) of the daemon that manages guests; None if none is running.
    daemon_start: tuple[str, int, str] | None

    def is_same_daemon(self, other: "HostIdentity") -> bool:
        """Report whether both are one daemon on one machine: a clone shares the machine ID, but not a process."""
        return (
            None not in (self.machine_id, self.daemon_start)
            and (self.machine_id, self.hostname) == (other.machine_id, other.hostname)
            and self.daemon_start == other.daemon_start
        )

    @classmethod
    def parse(
        cls,
        capabilities: Annotated[Record, "libvirt.capabilities"],
        kernel_hostname: Annotated[Record, "kernel.hostname"],
        machine_id: Record,
        daemons: Record,
    ) -> Self:
        """Parse libvirt's capabilities, the host name and machine ID, and the list of libvirt's processes."""
        uuid = parse_xml(capabilities.required()).findtext("./host/uuid", "").strip()
        if not uuid:
            raise Unreadable("libvirt's capabilities do not include the host's UUID")
        return cls(
            uuid=grammar.UUID.of(uuid.lower()),
            hostname=grammar.NODE_NAME.of(kernel_hostname.required().strip()),
            machine_id=_machine_id(machine_id),
            daemon_start=_daemon_start(daemons.required()),
        )


class AnnouncedName(Fact, frozen=True, kw_only=True):
    """The name that the destination tells the source to send the guest to, unless the user gives another."""

    #: migration_host of qemu.conf, else the host name as libvirt resolves it; no location if it is in no file.
    name: Located[str]

    @classmethod
    def parse(
        cls,
        hostname: Annotated[Record, "libvirt.hostname"],
        conf: QemuConf,
    ) -> Self:
        """Parse libvirt.hostname (the result of virConnectGetHostname), unless qemu.conf gives another name."""
        set_host = conf.migration_host
        if set_host.value is not None:
            return cls(name=Located(_announced(set_host.value), set_host.at))
        name = hostname.required().strip()
        if not name:
            raise Unreadable("libvirt returned an empty host name")
        return cls(name=Located(_announced(name)))


def _announced(name: str) -> str:
    try:
        return grammar.host(name)
    except Unreadable as why:
        raise Unreadable(f"the name that the host announces cannot be used: {why}") from None


def _machine_id(record: Record) -> str | None:
    if record.missing:
        return None
    text = record.required().strip()
    return text if re.fullmatch("[0-9a-f]{32}", text) else None


def _daemon_start(text: str) -> tuple[str, int, str] | None:
    """Return the process of the daemon that manages guests; of several (session daemons), the one started first."""
    found = [(match[1], int(match[2]), match[3]) for line in text.splitlines() if (match := _PROCESS.match(line))]
    for name in _GUEST_DAEMONS:
        started = [process for process in found if process[0] == name]
        if started:
            return min(started, key=lambda process: int(process[2]))
    return None
