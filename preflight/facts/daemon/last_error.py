"""The last error that libvirt's daemons have logged on a host where none answers."""

import re
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record

#: Maximum length of what is quoted, in characters.
_LONGEST = 300
#: Errors that say that a start has failed, and not why.
_EMPTY = re.compile(
    r"^(?:(?:internal error: )?Failed to initialize security drivers|Driver state initialization failed"
    r"|Initialization of \w+ state driver failed: )"
)


class LastError(Fact, frozen=True, kw_only=True):
    """The daemon's own reason for not running, if it gave one."""

    #: As the daemon logged it, without the time; None if nothing was logged, or if the log could not be read.
    text: str | None

    @classmethod
    def parse(cls, errors: Annotated[Record, "daemon-errors", OPTIONAL]) -> Self:
        """Take the last line that says something."""
        said = [line for line in map(_said, errors.out.splitlines()) if line]
        return cls(text=said[-1][:_LONGEST] if said else None)


def _said(line: str) -> str:
    """Return what a line says of the cause; a start that fails in a driver is logged by each of its callers."""
    while (rest := _EMPTY.sub("", line.strip())) != line:
        line = rest
    return line
