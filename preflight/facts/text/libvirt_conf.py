"""Parser for libvirt's `key = value` files (libvirtd.conf, qemu.conf…) that reads them as libvirt's own parser does.

The lens finds the settings and their locations. If libvirt would reject the file, `refusal` returns the error in
libvirt's own words: it follows src/util/virconf.c, whose grammar has not changed from 0.8 to 12.5.
"""

import contextlib
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct, field

from preflight.facts.fact import Record, Unreadable
from preflight.facts.text import augeas
from preflight.facts.text.located import Located, Location, locate

LENS = "Preflight_conf.lns"
#: A list may contain any scalars here; libvirt itself accepts only lists of strings for any setting.
Value: TypeAlias = int | str | tuple[int | str, ...]

BLANKS = re.compile(r"[ \t]*")
BLANKS_AND_ENDS = re.compile(r"[ \t\r\n]*")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
LINE = re.compile(r"[^\r\n]*")
REMARK = re.compile(r"#[^\r\n]*")
REMARKS = re.compile(r"(?:#[^\r\n]*+[ \t\r\n]*+)++")
SCALAR = re.compile(r"""'[^'\r\n]*'|\"{3}(?:.|\n)*?\"{3}|"[^"\r\n]*"|[+-]?[0-9]+""")
#: No 64-bit number is longer than this, except for leading zeros.
MOST_DIGITS = 40
#: Maximum nesting of lists; deeper lists would strain libvirt's stack as much as ours.
DEEPEST = 20


class ConfProblem(Struct, frozen=True):
    """Problem that keeps a daemon from starting with this file."""

    #: A sentence about the file, for a report.
    message: str
    #: None if the problem has no single location.
    location: Location | None
    #: Text that the daemon's own message will contain.
    error: str


class Conf(Struct, frozen=True):
    """File of settings. If a key is given twice, the first is effective: virConfGetValue returns the first it finds."""

    path: str
    present: bool
    settings: Mapping[str, Located[Value]] = field(default_factory=lambda: MappingProxyType({}))
    #: Settings without effect, because the key is also set further up.
    duplicates: tuple[tuple[str, Located[Value]], ...] = ()
    #: Set if libvirt cannot parse the file; there are no settings then.
    problem: ConfProblem | None = None

    def get(self, key: str) -> Located[Value] | None:
        """Return the key's value, or None if it is not set; raises `Unreadable` if the file has a problem."""
        if self.problem is not None:
            raise Unreadable(self.problem.message)
        return self.settings.get(key)


def parse_conf(path: str, record: Record) -> Conf:
    """Parse the record of one file; raises `Unreadable` if it could not be read or exceeds preflight's limits."""
    if record.missing:
        return Conf(path, present=False)
    return _read(path, record.required())


def read_ahead(records: Mapping[str, Record]) -> None:
    """Parse the files that most facts need ahead of time."""
    for name in ("qemu.conf", "libvirtd.conf", "virtqemud.conf"):
        if name in records:
            with contextlib.suppress(Unreadable):  # reported when the fact is requested
                parse_conf(f"/etc/libvirt/{name}", records[name])


@lru_cache(maxsize=128)  # the same file on a thousand hosts is parsed once
def _read(path: str, text: str) -> Conf:
    if len(text) > augeas.LIMIT:
        raise Unreadable(f"{path} is longer than {augeas.LIMIT // 1024} Ki characters")
    refused = refusal(text)
    if refused is not None:
        offset, why = refused
        at = locate(path, text, offset, offset + 1)
        error = f"{path}:{at.line}: {why}"
        return Conf(path, present=True, problem=ConfProblem(f"{path} cannot be parsed: {why}", at, error))
    settings: dict[str, Located[Value]] = {}
    duplicates = []
    for node in augeas.parse(LENS, path, text):
        if node.value is None:  # a blank line
            continue
        try:
            value = _value(node.value)
        except Unreadable as why:
            raise Unreadable(f"{path}: {node.label}: {why}") from None
        found = Located(value, locate(path, text, node.start, node.end))
        if node.label in settings:
            duplicates.append((node.label, found))
        else:
            settings[node.label] = found
    return Conf(path, present=True, settings=MappingProxyType(settings), duplicates=tuple(duplicates))


def _value(written: str) -> Value:
    if written.startswith("["):
        return tuple(_scalar(item.group()) for item in SCALAR.finditer(written))
    return _scalar(written)


def _scalar(written: str) -> int | str:
    if written.startswith('"""') and len(written) > 5:
        return written[3:-3]
    if written[0] in "\"'":
        return written[1:-1]
    number = int(written[:MOST_DIGITS])
    if len(written) > MOST_DIGITS or not -(2**63) <= number < 2**63:
        raise Unreadable("the number exceeds 64 bits, which some libvirt releases reject and others truncate")
    return number


class _Refused(Exception):
    """Position and reason at which libvirt's parser stops."""

    def __init__(self, at: int, why: str) -> None:
        super().__init__(why)
        self.at, self.why = at, why


def refusal(text: str) -> tuple[int, str] | None:
    """Return where (offset in characters) and why libvirt's parser rejects the text; None if it accepts the text."""
    at = 0
    try:
        while at < len(text):
            at = _after(BLANKS_AND_ENDS, text, at)
            remarks = REMARKS.match(text, at)
            at = remarks.end() if remarks else _separator(text, _statement(text, at))
    except _Refused as why:
        return why.at, why.why
    return None


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()


def _statement(text: str, at: int) -> int:
    end = _after(NAME, text, at)
    if end == at:
        raise _Refused(at, "expecting a name")
    at = _after(BLANKS, text, end)
    if not text.startswith("=", at):
        raise _Refused(at, "expecting an assignment")
    return _after(REMARK, text, _after(BLANKS, text, _value_end(text, at + 1)))


def _separator(text: str, at: int) -> int:
    at = _after(BLANKS, text, at)
    if at < len(text) and text[at] not in "\r\n;":
        raise _Refused(at, "expecting a separator")
    return _after(BLANKS_AND_ENDS, text, at + text.startswith(";", at))


def _value_end(text: str, at: int, depth: int = 0) -> int:
    at = _after(BLANKS, text, at)
    first = text[at : at + 1]
    if first == "[":
        return _list_end(text, at + 1, depth + 1)
    # three quotes open a string only if three more can follow
    if text.startswith('"""', at) and not at + 6 < len(text):
        return at + 2
    end = _after(SCALAR, text, at)
    if end > at and not (text.startswith('"""', at) and end - at < 6):
        return end
    if text.startswith('"""', at):
        raise _Refused(len(text) - 2, "unterminated string")
    if first in {"'", '"'}:
        raise _Refused(_after(LINE, text, at), "unterminated string")
    if first in {"+", "-"}:
        raise _Refused(at + 1, "unterminated number")
    raise _Refused(at, "expecting a value")


def _list_end(text: str, at: int, depth: int) -> int:
    if depth > DEEPEST:
        raise Unreadable("its lists are nested too deeply")
    at = _after(BLANKS_AND_ENDS, text, at)
    first = True
    while at < len(text) and text[at] != "]":
        if not first:
            if text[at] != ",":
                raise _Refused(at, "expecting a separator in list")
            at = _after(BLANKS_AND_ENDS, text, at + 1)
            if text.startswith("]", at):
                break
        at = _after(BLANKS_AND_ENDS, text, _value_end(text, at, depth))
        first = False
    if at >= len(text):
        raise _Refused(at, "list is not closed with ]")
    return at + 1
