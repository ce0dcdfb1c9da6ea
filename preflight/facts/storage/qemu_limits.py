"""Limits that a host's libvirt sets on each QEMU, and what QEMU's user and the guests use of them.

qemu.conf sets them (max_files, max_processes); without max_processes, QEMU inherits the daemon's own limit
(LimitNPROC=). Both count for a user other than root alone: root is exempt from the one, and libvirt from the other.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from preflight.facts.daemon.confinement import Confinement
from preflight.facts.daemon.guest_settings import GuestSettings
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.storage.qemu_user import QemuUser
from preflight.facts.text.located import Located

#: A limit on processes from which nobody is asked how many there are.
_PLENTY = 4096
_USAGE = re.compile(r"usage (\d{1,9}) (\d{1,9}) (.*)", re.ASCII)
_TASKS = re.compile(r"tasks (\d{1,9})\n?", re.ASCII)


class QemuLimits(Fact, frozen=True, kw_only=True):
    """The limits that a guest could meet; one that is not known is not among them."""

    #: Number of open files of each QEMU (RLIMIT_NOFILE); None for no limit but the daemon's.
    files: Located[int] | None
    #: Number of processes and threads of QEMU's user (RLIMIT_NPROC); None if it does not matter.
    processes: Located[int] | None
    #: The setting that limits the processes.
    setting: str
    #: The user's ID.
    uid: int

    @property
    def matter(self) -> bool:
        """True if the guests have to be counted."""
        return self.files is not None or self.processes is not None

    @classmethod
    def parse(cls, settings: GuestSettings, confinement: Confinement | Unreadable, user: QemuUser | Unreadable) -> Self:
        """Take what applies to the user."""
        uid = 0 if isinstance(user, Unreadable) else user.uid
        inherited = None if isinstance(confinement, Unreadable) else confinement.most_processes
        files, processes = (None if settings.unread else settings.number(key) for key in ("max_files", "max_processes"))
        most = processes if processes is not None and processes.value else inherited and Located(inherited)
        return cls(
            files=files if files is not None and files.value else None,
            processes=most if uid and most and most.value < _PLENTY else None,
            setting="max_processes" if most is processes else "LimitNPROC= of the daemon's unit",
            uid=uid,
        )


class QemuUsage(Fact, frozen=True, kw_only=True):
    """What each active guest's QEMU uses, by guest: open files, and threads that it always has."""

    by_guest: Mapping[str, tuple[int, int]]
    #: Why it is not known of the others.
    unknown: str = ""

    def of(self, guest: str) -> tuple[int, int]:
        """Return the number of open files and of threads; raises `Unreadable` if they are not known."""
        if guest not in self.by_guest:
            raise Unreadable(f"it is unknown how many files and threads {guest} has: {self.unknown or 'no QEMU found'}")
        return self.by_guest[guest]

    @classmethod
    def parse(cls, usage: Annotated[Record, OPTIONAL]) -> Self:
        """Parse the answer to `questions.usage`; without one, keep the reason."""
        try:
            text = usage.required()
        except Unreadable as why:
            return cls(by_guest={}, unknown=str(why))
        found = filter(None, map(_USAGE.fullmatch, text.splitlines()))
        return cls(by_guest={one[3]: (int(one[1]), int(one[2])) for one in found})


class QemuTasks(Fact, frozen=True, kw_only=True):
    """Processes and threads of QEMU's user."""

    #: None if it is not known, and why.
    count: int | None
    unknown: str = ""

    @classmethod
    def parse(cls, tasks: Annotated[Record, OPTIONAL]) -> Self:
        """Parse the answer to `questions.tasks`; without one, keep the reason."""
        try:
            found = _TASKS.fullmatch(tasks.required())
        except Unreadable as why:
            return cls(count=None, unknown=str(why))
        return cls(count=int(found[1])) if found else cls(count=None, unknown="the host did not count them")
