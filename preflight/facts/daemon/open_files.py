"""Open files of libvirt's daemons, and their limits."""

import re
from collections.abc import Mapping
from typing import NamedTuple, Self

from preflight.facts.fact import Fact, Record, Unreadable

_LINE = re.compile(r"files (\w{1,30}) (\d{1,15}) (\d{1,15})", re.ASCII)


class Files(NamedTuple):
    """Effective soft RLIMIT_NOFILE of one process, and the number of open descriptors."""

    limit: int
    used: int


class OpenFiles(Fact, frozen=True, kw_only=True):
    """Open files of the running daemons, by name."""

    by_daemon: Mapping[str, Files]
    #: The end of the reason why others could not be inspected; empty if the host gave none.
    complaint: str = ""

    def of(self, daemon: str) -> Files:
        """Return the files of one daemon; raises `Unreadable` if it is not running or could not be inspected."""
        if daemon not in self.by_daemon:
            raise Unreadable(f"the open files of {daemon} could not be counted{self.complaint}")
        return self.by_daemon[daemon]

    @classmethod
    def parse(cls, open_files: Record) -> Self:
        """Parse one line per process: name, "Max open files" of /proc/PID/limits, number of files in /proc/PID/fd."""
        found = filter(None, map(_LINE.fullmatch, open_files.required().splitlines()))
        return cls(
            by_daemon={one[1]: Files(int(one[2]), int(one[3])) for one in found},
            complaint=open_files.because,
        )
