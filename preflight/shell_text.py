"""Text that a host's shell will run: the only place where a value becomes part of a command.

A template holds marks such as `@name@`; `shell` replaces each by its value, quoted. Whoever sends text to a shell takes
a `ShellText`, so the type checker finds a command that was put together elsewhere.
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

#: A text becomes one quoted word, several become as many words, a number its digits; `ShellText` stays as it is.
Value: TypeAlias = str | int | ShellText | Iterable[str]


def shell(template: str, /, **values: Value) -> ShellText:
    """Build a command from a template written in this program and values that may be anybody's.

    Each mark is replaced once, so a value that looks like a mark stays a value. Raises `ValueError` for a value with a
    NUL, which no command can hold, and `KeyError` for a mark without a value.
    """
    return ShellText(_MARK.sub(lambda mark: _quoted(values[mark[1]]), template))


def fixed(commands: Mapping[str, str]) -> dict[str, ShellText]:
    """Take commands that are written in this program as they are: they hold no value."""
    return {name: ShellText(command) for name, command in commands.items()}


def of_file(path: Path) -> ShellText:
    """Read a script of this program's, which lies as a `.sh` file beside the module that sends it.

    What a host gets is neither the file's head, up to its first empty line, nor what is said to shellcheck, nor the
    newline at its end.
    """
    _, _, text = path.read_text(encoding="utf-8").partition("\n\n")
    # without a regular expression, whose compilation would take longer than all else here, before ssh can be started
    first, *others = text.removesuffix("\n").split(_REMARK)
    return ShellText(first + "".join(other.partition("\n")[2].lstrip(" ") for other in others))


def joined(commands: Iterable[ShellText], between: str = "\n") -> ShellText:
    """Put commands one behind the other, with text of this program's between them."""
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
