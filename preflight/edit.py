"""The text of a configuration file with the settings that findings ask for, and how it differs. Changes nothing."""

import difflib
import re
from collections.abc import Mapping

from preflight.connection.snapshot import redact
from preflight.facts import lens, libvirt_conf
from preflight.facts.record import Record

HOSTS = "/etc/hosts"
SSHD = "/etc/ssh/sshd_config"


def edited(path: str, text: str, values: Mapping[str, int | str]) -> str:
    """The file's text with these settings; comments, order and spacing stay.

    Raises `Unreadable` when the text cannot be read, or a value not be written.
    """
    if path == HOSTS:
        return _with_names(text, values)
    if path.startswith("/etc/ssh/"):
        return lens.edited("Sshd.lns", path, text, _in_their_spelling(text, values))
    written = {key: str(value) if isinstance(value, int) else f'"{value}"' for key, value in values.items()}
    return lens.edited(libvirt_conf.LENS, path, text, written)


def _in_their_spelling(text: str, values: Mapping[str, int | str]) -> dict[str, str | None]:
    """Sshd takes a keyword in any case, Augeas only as it is written."""
    found: dict[str, str | None] = {}
    for key, value in values.items():
        line = re.search(rf"^[ \t]*({re.escape(key)})\b", text, re.IGNORECASE | re.MULTILINE)
        found[line[1] if line else key] = str(value)
    return found


def _with_names(text: str, values: Mapping[str, int | str]) -> str:
    """A line a name at the end; no line that is there is touched, since another program may rely on it."""
    ended = text if text.endswith("\n") or not text else text + "\n"
    return ended + "".join(f"{address} {name}\n" for name, address in values.items())


def difference(path: str, before: str, after: str) -> str:
    """A unified diff, without the passwords that either text holds."""
    old, new = (redact(Record(text)).out.splitlines(keepends=True) for text in (before, after))
    lines = difflib.unified_diff(old, new, f"a{path}", f"b{path}")
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
