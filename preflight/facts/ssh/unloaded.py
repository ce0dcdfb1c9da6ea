"""sshd's files that were changed after the sshd that listens has read them.

sshd writes its PidFile when it starts and when it is reloaded, so a file that is newer than it was not read since. That
a file is newer does not show that its content differs.
"""

import re
from typing import Annotated, Self

from preflight.facts.fact import Fact, Record
from preflight.facts.ssh.sockets import SshdSockets

#: The main file, a drop-in, or the directory of drop-ins: one was added or removed.
_NEWER = re.compile(r"newer (/etc/ssh/sshd_config(?:\.d(?:/[^/\x00-\x1f]{1,255})?)?)")


class UnloadedFiles(Fact, frozen=True, kw_only=True):
    """The files that have changed, and "/etc/ssh/sshd_config.d" if files were added to it or removed."""

    paths: tuple[str, ...]

    @classmethod
    def parse(cls, answer: Annotated[Record, "sshd.listener"], sockets: SshdSockets) -> Self:
        """Parse the files that are newer than the PidFile. An sshd that is started for each connection reads all."""
        found = [_NEWER.fullmatch(line) for line in answer.required().splitlines()]
        paths = tuple(match[1] for match in found if match is not None)
        return cls(paths=() if sockets.accepting else paths)
