"""Text for a host's shell: the only module in which a value becomes part of a command.

A template contains marks such as `@name@`; `shell` replaces each with its quoted value. Functions that send text to a
shell take a `ShellText`, so that the type checker finds commands that were assembled elsewhere.
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

_REMARK = "# shellcheck "
_MARK = re.compile(r"@([a-z][a-z0-9_]*)@")


class ShellText(str):
    """A POSIX sh command in which every value is quoted. Only this module makes them."""

    __slots__ = ()


NOTHING: Final = ShellText()

#: A string becomes one quoted word, several become as many words, a number its digits; `ShellText` stays unchanged.
Value: TypeAlias = str | int | ShellText | Iterable[str]


def shell(template: str, /, **values: Value) -> ShellText:
    """Build a command from a template in this program and untrusted values.

    Each mark is replaced once, so a value that looks like a mark stays a value. Raises `ValueError` for a value with a
    NUL, which no command can hold, and `KeyError` for a mark without a value.
    """
    return ShellText(_MARK.sub(lambda mark: _quoted(values[mark[1]]), template))


def fixed(commands: Mapping[str, str]) -> dict[str, ShellText]:
    """Mark constant commands of this program as `ShellText`; they contain no values."""
    return {name: ShellText(command) for name, command in commands.items()}


def of_file(path: Path) -> ShellText:
    """Read a script of this program, a `.sh` file next to the module that sends it.

    The file's head up to the first empty line, the directives for shellcheck, and the newline at the end are not sent
    to a host.
    """
    _, _, text = path.read_text(encoding="utf-8").partition("\n\n")
    # no regular expression: compiling one would take longer than everything else here, before ssh can be started
    first, *others = text.removesuffix("\n").split(_REMARK)
    return ShellText(first + "".join(other.partition("\n")[2].lstrip(" ") for other in others))


def joined(commands: Iterable[ShellText], between: str = "\n") -> ShellText:
    """Join commands, with a constant text of this program between them."""
    return ShellText(between.join(commands))


def _quoted(value: Value) -> str:
    if isinstance(value, ShellText):
        return value
    if isinstance(value, int):
        return str(int(value))
    words = (value,) if isinstance(value, str) else tuple(value)
    if any("\0" in word for word in words):
        raise ValueError("a shell command cannot contain a NUL")
    return " ".join(map(shlex.quote, words))
