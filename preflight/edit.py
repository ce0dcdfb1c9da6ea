"""The text of a configuration file with the settings that findings ask for, and how it differs. Changes nothing."""

import difflib
import re
from collections.abc import Mapping

from preflight.connection.redaction import redact_file
from preflight.facts import lens, libvirt_conf
from preflight.facts.record import Unreadable
from preflight.facts.sshd_config import own_directives

HOSTS = "/etc/hosts"
#: An argument of sshd's that needs no quotes.
_WORD = re.compile(r"[\w:.,@/+-]+", re.ASCII)


def edited(path: str, text: str, values: Mapping[str, int | str]) -> str:
    """The file's text with these settings; comments, order and spacing stay.

    Raises `Unreadable` when the text cannot be read, or a value not be written.
    """
    if path == HOSTS:
        return _with_names(text, values)
    if path.startswith("/etc/ssh/"):
        return _with_directives(path, text, values)
    written = {key: str(value) if isinstance(value, int) else f'"{value}"' for key, value in values.items()}
    return lens.edited(libvirt_conf.LENS, path, text, written)


def _with_directives(path: str, text: str, values: Mapping[str, int | str]) -> str:
    """Line by line, by the reader that facts are read by: Augeas' lens refuses files that sshd takes (`Match all`).

    Wherever the file sets the keyword for all connections the arguments are replaced, as one release takes the first of
    several and another the last; else a line is added behind the last remark that shows it, or before any Match.
    """
    for key, value in values.items():
        if not _WORD.fullmatch(str(value)):
            raise Unreadable(f"{path}: {key} cannot be written as {value!r}")
        lines = text.split("\n")
        found = list(own_directives(path, text))
        mine = [one for one in found if one.keyword == key.lower() and not one.conditional]
        for one in mine:
            number, at = one.at.line - 1, one.at
            line = lines[number]
            # a keyword without an argument, which sshd refuses, has no place for one
            head, tail = (
                (line[: at.column - 1], line[at.end_column - 1 :]) if one.arguments else (f"{line.rstrip()} ", "")
            )
            lines[number] = f"{head}{value}{tail}"
        if not mine:
            first = next((one.at.line - 1 for one in found if one.keyword == "match"), None)
            ended = "\r" if lines[0].endswith("\r") else ""
            lines.insert(_place(lines, key, first), f"{key} {value}{ended}")
        text = "\n".join(lines)
    return text


def _place(lines: list[str], key: str, match: int | None) -> int:
    """Before which line, from 0, a keyword goes that the file does not set; `match` is where its first Match stands."""
    # the last piece of a text that ends with a newline is no line
    end = match if match is not None else len(lines) - (not lines[-1])
    remark = re.compile(rf"[ \t]*#[ \t]*{re.escape(key)}\b", re.IGNORECASE)
    shown = [number for number in range(end) if remark.match(lines[number])]
    return shown[-1] + 1 if shown else end


def _with_names(text: str, values: Mapping[str, int | str]) -> str:
    """A line a name at the end; no line that is there is touched, since another program may rely on it."""
    ended = text if text.endswith("\n") or not text else text + "\n"
    return ended + "".join(f"{address} {name}\n" for name, address in values.items())


def difference(path: str, before: str, after: str) -> str:
    """A unified diff, without the passwords that either text holds."""
    old, new = (redact_file(path, text).splitlines(keepends=True) for text in (before, after))
    lines = difflib.unified_diff(old, new, f"a{path}", f"b{path}")
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
