"""QEMU with which each guest was started: after an upgrade, guests that keep running use an older one."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.version import Version

#: First release of QEMU that refuses virtio queues longer than its own. For older ones the starts do not matter.
LIMITS_QUEUES = Version(11, 1)

#: As libvirt begins a guest's log at each start (qemuLogOperation of src/qemu/qemu_process.c), and as it logs the
#: arguments that follow, one per line.
_LINE = (
    r"(?a)/var/log/libvirt/qemu/(?P<guest>[^/\n]+?)\.log:"
    r"(?:(?P<incoming>-incoming)"
    r"|starting up libvirt version: .* qemu version: (\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?)\D*"
)


class Start(Struct, frozen=True, kw_only=True):
    """The last start of a guest on this host."""

    qemu: Version
    #: True if the guest arrived by a migration, and so was set up by another QEMU.
    incoming: bool = False


class StartedWith(Fact, frozen=True, kw_only=True):
    """The last start of each guest, by name, from the guests' logs."""

    starts: Mapping[str, Start]
    #: Reason why the host did not answer, or None.
    error: str | None = None

    def of(self, guest: str) -> Start:
        """Return the guest's last start; raises `Unreadable` if it is unknown."""
        if guest not in self.starts:
            raise Unreadable(
                f"it is unknown which QEMU {guest} was started with: {self.error or 'its log has no start'}"
            )
        return self.starts[guest]

    @classmethod
    def parse(cls, started: Annotated[Record, "started-with", OPTIONAL]) -> Self:
        """Parse the answer to `questions.started_with`; without one, keep the reason."""
        try:
            text = started.required()
        except Unreadable as why:
            return cls(starts={}, error=str(why))
        starts: dict[str, Start] = {}
        for line in filter(None, (re.fullmatch(_LINE, line) for line in text.splitlines())):
            guest = line["guest"]
            if line["incoming"] is None:
                starts[guest] = Start(qemu=Version(int(line[3]), int(line[4]), int(line[5] or 0)))
            elif guest in starts:
                starts[guest] = Start(qemu=starts[guest].qemu, incoming=True)
        return cls(starts=starts)
