"""The script that applies one changed file on a host: as a whole, validated first, and reverted if anything fails.

It is one script for the host's own shell, which continues if preflight or the connection dies. Therefore the host ends
with the complete old or the complete new configuration, and never in between: the new text is in a second file
until it is validated, and replaces it by rename(2).
"""

import base64
import hashlib
from pathlib import Path

from msgspec import Struct

from preflight.shell_text import ShellText, of_file, shell

#: Maximum number of seconds until a daemon answers after its restart. If the restart fails, the daemon is asked once.
PATIENCE = 30


class Service(Struct, frozen=True):
    """The program that reads a file, as commands for the host's `sh`.

    `judge` gets the path of the new file as `$1` and fails if the program would not start with it; `activate` makes the
    program use it; `answers` succeeds once the program works again; `in_force` prints the settings in effect, one per
    line.
    """

    name: str
    judge: ShellText
    activate: ShellText
    answers: ShellText
    in_force: ShellText
    #: The lines that `in_force` must print for the change to count as made; empty if no program reports them.
    expected: tuple[str, ...] = ()
    #: Prints the jobs that `activate` would interrupt, one per line; then nothing is changed.
    busy: ShellText = shell(":")


_SCRIPT = of_file(Path(__file__).with_name("apply.sh"))


def script(path: str, before: str | None, after: str, service: Service, date: str) -> ShellText:
    """Return the script that replaces the text `before` (None: no such file) by `after`.

    It prints "in effect", or "unchanged" or "put back" with the reason, and exits with 0, 1 or 2, or with 3 if the old
    file is restored but its program does not answer.
    """
    return shell(
        _SCRIPT,
        patience=PATIENCE,
        path=path,
        date=date,
        name=service.name,
        judge=service.judge,
        activate=service.activate,
        answers=service.answers,
        in_force=service.in_force,
        expected=service.expected,
        busy=service.busy,
        before="" if before is None else _digest(before),
        after=_digest(after),
        content=base64.b64encode(after.encode("utf-8", "surrogateescape")).decode(),
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
