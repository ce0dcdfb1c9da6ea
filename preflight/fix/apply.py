"""Puts one changed file in force on a host: whole, judged before, taken back when anything fails.

All of it is one script for the host's own shell. It goes on when preflight or the connection dies, so the host ends
with the old or the new configuration, whole, and never in between: the new text lies beside the file until it has been
judged, and takes its place by rename(2).
"""

import base64
import hashlib
from pathlib import Path

from msgspec import Struct

from preflight.shell_text import ShellText, of_file, shell

#: Seconds that a daemon may take to answer after its restart.
PATIENCE = 30


class Service(Struct, frozen=True):
    """The program that reads a file: commands for the host's `sh`.

    `judge` gets the new file's path as `$1` and fails when the program would not start with it; `activate` puts it in
    force; `answers` succeeds once the program works again; `in_force` prints the settings in force, a line each.
    """

    name: str
    judge: ShellText
    activate: ShellText
    answers: ShellText
    in_force: ShellText
    #: What a line of `in_force` must be for the change to count as made; empty where no program reports it.
    expected: tuple[str, ...] = ()
    #: Prints what `activate` would break off, a line each; nothing is changed then.
    busy: ShellText = shell(":")


_SCRIPT = of_file(Path(__file__).with_name("apply.sh"))


def script(path: str, before: str | None, after: str, service: Service, date: str) -> ShellText:
    """The script that replaces the text `before` (None: no such file) by `after`.

    It prints "in force", "unchanged" or "put back" with the reason, and ends with 0, 1 or 2; with 3 when the old file
    is there again but its program does not answer.
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
