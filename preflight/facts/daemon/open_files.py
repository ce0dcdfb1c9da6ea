"""How many files libvirt's daemons may have open, and have."""

import re
from collections.abc import Mapping
from typing import NamedTuple, Self

from preflight.facts.fact import Fact, Record, Unreadable

_LINE = re.compile(r"files (\w{1,30}) (\d{1,15}) (\d{1,15})", re.ASCII)


class Files(NamedTuple):
    """Of one process: the soft RLIMIT_NOFILE in force, and the descriptors that are open."""

    limit: int
    used: int


class OpenFiles(Fact, frozen=True, kw_only=True):
    """By the name of a daemon that runs."""

    by_daemon: Mapping[str, Files]

    def of(self, daemon: str) -> Files:
        """One daemon's; raises `Unreadable` when it does not run, or did not let itself be looked at."""
        if daemon not in self.by_daemon:
            raise Unreadable(f"the open files of {daemon} could not be counted")
        return self.by_daemon[daemon]

    @classmethod
    def parse(cls, open_files: Record) -> Self:
        """Read a line a process: its name, /proc/PID/limits' "Max open files", and the number of /proc/PID/fd."""
        found = filter(None, map(_LINE.fullmatch, open_files.required().splitlines()))
        return cls(by_daemon={one[1]: Files(int(one[2]), int(one[3])) for one in found})
