"""The text of a configuration file with the settings that findings ask for, and its diff. Nothing is changed here."""

import difflib
import re
from collections.abc import Iterable, Mapping

from preflight.connection.redaction import redact_file
from preflight.facts.fact import Record, Unreadable
from preflight.facts.names.hosts_file import HostsFile, same_name
from preflight.facts.network.addresses import plain
from preflight.facts.ssh.sshd_config import own_directives
from preflight.facts.text import augeas, libvirt_conf
from preflight.facts.text.located import Located
from preflight.rule import HostsLine

#: An argument in sshd's configuration that needs no quotes.
_WORD = re.compile(r"[\w:.,@/+-]+", re.ASCII)


def edited(path: str, text: str, values: Mapping[str, int | str]) -> str:
    """Return the file's text with these settings; comments, order and spacing are kept.

    Raises `Unreadable` if the text cannot be parsed, or a value cannot be written.
    """
    if path.startswith("/etc/ssh/"):
        return _with_directives(path, text, values)
    written = {key: str(value) if isinstance(value, int) else f'"{value}"' for key, value in values.items()}
    return augeas.edited(libvirt_conf.LENS, path, text, written)


def _with_directives(path: str, text: str, values: Mapping[str, int | str]) -> str:
    """Return the text of a file of sshd with these settings.

    It is edited by lines, with the parser of the facts, because Augeas' lens refuses files that sshd accepts (`Match
    all`). Wherever the file sets the keyword for all connections, the arguments are replaced, since one release uses
    the first of several lines and another the last. Otherwise a line is added after the last comment that shows the
    keyword, or before any Match.
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
            head, rest = line[: at.column - 1], line[at.end_column - 1 :]
            if not one.arguments:  # which sshd refuses; a comment in place of the argument is kept
                head, rest = head.rstrip(" \t\r\f"), line[at.column - 1 :]
                rest = f" {rest}" if rest.startswith("#") else "\r" * line.endswith("\r")
            between = "" if head.endswith((" ", "\t", "=")) else " "  # a quote needs no space before it
            lines[number] = f"{head}{between}{value}{rest}"
        if not mine:
            first = next((one.at.line - 1 for one in found if one.keyword == "match"), None)
            ended = "\r" if lines[0].endswith("\r") else ""
            lines.insert(_place(lines, key, first), f"{key} {value}{ended}")
        text = "\n".join(lines)
    return text


def _place(lines: list[str], key: str, match: int | None) -> int:
    """Return the index of the line before which a keyword is added; `match` is the index of the first Match."""
    # the last piece of a text that ends with a newline is not a line
    end = match if match is not None else len(lines) - (not lines[-1])
    remark = re.compile(rf"[ \t]*#[ \t]*{re.escape(key)}\b", re.IGNORECASE)
    shown = [number for number in range(end) if remark.match(lines[number])]
    return shown[-1] + 1 if shown else end


def led(text: str, changes: Iterable[HostsLine]) -> str:
    """Return the text of /etc/hosts in which these names have their addresses; comments, order and spacing are kept.

    If a line with the wrong address has no other name, its address is replaced. From a line with other names, whose
    address may be right for them, the name is removed, and gets a line of its own at the end.
    """
    for change in changes:
        text = _led(text, change)
    return text


def _led(text: str, change: HostsLine) -> str:
    lines = text.split("\n")
    for entry, _ in HostsFile.parse(Record(text)).lines_for(change.name):
        if change.replaces is None or plain(entry.address.value) != plain(change.replaces):
            continue
        mine = [one for one in entry.names if same_name(one.value, change.name)]
        if len(mine) == len(entry.names):
            _put(lines, entry.address, change.address)
        else:
            for one in reversed(mine):
                _put(lines, one, "")
    text = "\n".join(lines)
    if any(plain(known) == plain(change.address) for known in HostsFile.parse(Record(text)).addresses_of(change.name)):
        return text
    end = "\r\n" if lines[0].endswith("\r") else "\n"
    ended = text if text.endswith("\n") or not text else text + end
    return f"{ended}{change.address} {change.name}{end}"


def _put(lines: list[str], word: Located[str], other: str) -> None:
    """Replace one word by another; if that is empty, remove the white space before it too."""
    if word.at is None:
        return
    line = lines[word.at.line - 1]
    before, after = line[: word.at.column - 1], line[word.at.end_column - 1 :]
    lines[word.at.line - 1] = (before if other else before.rstrip(" \t\v\f")) + other + after


def difference(path: str, before: str, after: str) -> str:
    """Return a unified diff, without the passwords in either text."""
    old, new = (redact_file(path, text).splitlines(keepends=True) for text in (before, after))
    lines = difflib.unified_diff(old, new, f"a{path}", f"b{path}")
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
