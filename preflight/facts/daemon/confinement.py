"""What the daemon that manages guests, and each QEMU that it starts, has otherwise than the login that asks.

A unit of systemd can hide directories from its daemon (ProtectHome=, PrivateTmp=), give it a network of its own
(PrivateNetwork=), or deny it system calls and capabilities. So can a container that shares the host's processes.
"""

import re
from collections.abc import Mapping
from typing import Self

from preflight.facts.fact import Fact, Record

#: The bits of a capability set (linux/capability.h) that libvirt's QEMU driver may need.
_CAPABILITIES = {
    1: "CAP_DAC_OVERRIDE",
    6: "CAP_SETGID",
    7: "CAP_SETUID",
    8: "CAP_SETPCAP",
    12: "CAP_NET_ADMIN",
    18: "CAP_SYS_CHROOT",
    19: "CAP_SYS_PTRACE",
    21: "CAP_SYS_ADMIN",
    27: "CAP_MKNOD",
}
_PROCESSES = re.compile(r"/proc/\d{1,15}/limits:Max processes +(\d{1,15}) .*", re.ASCII)
_STATUS = re.compile(
    r"/proc/(self|\d{1,15})/status:(?:(CapBnd):\t([0-9a-f]{1,32})|(Seccomp|Seccomp_filters):\t(\d{1,9}))", re.ASCII
)


class Confinement(Fact, frozen=True, kw_only=True):
    """The daemon that manages guests, compared with the login; one that does not run has nothing of its own."""

    #: The daemon's name; empty if it has neither mounts nor a network of its own.
    daemon: str = ""
    #: Its process ID, if it has mounts of its own; otherwise None.
    mounts_of: int | None = None
    #: Its process ID, if it has a network of its own; otherwise None.
    network_of: int | None = None
    #: The interfaces of that network besides lo.
    interfaces: tuple[str, ...] = ()
    #: True if the login sees another /etc/libvirt than the daemon.
    other_conf: bool = False
    #: True if the daemon has filters of system calls that the login does not have.
    filtered: bool = False
    #: Settings of the daemon's unit, by name, as `systemctl show` prints them; empty without filters.
    unit: Mapping[str, str] = {}
    #: Capabilities that the login may have, and the daemon may not.
    lacks: tuple[str, ...] = ()
    #: RLIMIT_NPROC, which QEMU inherits: the most processes and threads that its user may have; None for no limit.
    most_processes: int | None = None

    @property
    def apart(self) -> int | None:
        """The daemon's process ID, if it has mounts or a network of its own."""
        return self.mounts_of or self.network_of

    def has_family(self, family: str) -> bool:
        """Report whether the daemon's unit lets it open sockets of an address family, such as AF_INET6."""
        listed = self.unit.get("RestrictAddressFamilies", "")
        if listed.startswith("~"):
            return family not in listed[1:].split()
        # "none" denies every family, and an empty list is no restriction
        return not listed or family in listed.split()

    def denies(self, call: str) -> bool:
        """Report whether the daemon's unit denies it a system call, such as mount."""
        listed = self.unit.get("SystemCallFilter", "")
        names = {name.partition(":")[0] for name in listed.removeprefix("~").split()}
        return bool(listed) and (call in names) is listed.startswith("~")

    @classmethod
    def parse(cls, daemons: Record) -> Self:
        """Take the lines of the list of daemons that tell the difference; there are none in one from older releases."""
        every = daemons.required().partition("\x1f")[0].splitlines()
        lines = [line for line in every if line.startswith(("apart ", "unit ", "/proc/"))]  # of millions, as it may be
        apart = {kind: rest for kind, *rest in (line.split()[1:] for line in lines if _is_apart(line))}
        shown = (line.removeprefix("unit ").split("=", 1) for line in lines if _is_setting(line))
        # of a list that nobody has set, systemd shows that it denies nothing
        unit = {name: "" if value == "~" else value for name, value in shown}
        status = {
            (one[1] == "self", one[2] or one[4]): int(one[3], 16) if one[2] else int(one[5])
            for one in map(_STATUS.fullmatch, lines)
            if one
        }
        most = [int(found[1]) for found in map(_PROCESSES.fullmatch, lines) if found]
        _, network, *interfaces = apart.get("net", ("", "0"))
        return cls(
            daemon=next((rest[0] for rest in apart.values()), ""),
            mounts_of=int(apart.get("mnt", ("", "0"))[1]) or None,
            network_of=int(network) or None,
            interfaces=tuple(one for one in interfaces if one != "lo"),
            other_conf="conf" in apart,
            filtered=_is_filtered(status),
            unit=unit,
            lacks=tuple(_lacking(status)),
            most_processes=min(most, default=None),
        )


def _is_apart(line: str) -> bool:
    return re.match(r"apart (mnt|net|conf) \w{1,30} \d{1,15}( |$)", line, re.ASCII) is not None


def _is_setting(line: str) -> bool:
    return line.startswith("unit ") and "=" in line


def _is_filtered(status: Mapping[tuple[bool, str], int]) -> bool:
    """Report whether the daemon has more filters than the login; kernels before 5.9 tell only whether it has any."""
    for what in ("Seccomp_filters", "Seccomp"):
        own, other = (status.get((mine, what), 0) for mine in (True, False))
        if own or other:
            return other > own
    return False


def _lacking(status: Mapping[tuple[bool, str], int]) -> list[str]:
    own, other = (status.get((mine, "CapBnd")) for mine in (True, False))
    if own is None or other is None:
        return []
    missing = own & ~other
    return [name for bit, name in _CAPABILITIES.items() if missing >> bit & 1]
