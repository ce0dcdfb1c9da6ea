"""/etc/hosts as glibc reads it: every line that names a host counts, and a line that makes no sense is passed over.

Not through a lens: one line that a lens does not know would make the whole file unreadable, which glibc never does.
The rules are those of glibc's nss/nss_files/files-hosts.c, tried with 2.36 and 2.41 (tests/facts/cases/peer_name).
"""

import re
from ipaddress import ip_address
from typing import Self

from msgspec import Struct

from preflight.facts.located import Located, Location
from preflight.facts.record import Fact, Record

PATH = "/etc/hosts"

#: What C's isspace() takes for white space inside a line, in the C locale, parts the fields.
_FIELD = re.compile(r"[^ \t\v\f\r]+")
_HIDDEN = re.compile(r"[ \t]*#[# \t]*")
_ASCII_LOWER = {ord("A") + i: ord("a") + i for i in range(26)}


class HostsEntry(Struct, frozen=True, kw_only=True):
    """One line that gives names to an address."""

    #: As it is written, IPv4 or IPv6.
    address: Located[str]
    #: The canonical name, then its aliases, as they are written. Never empty.
    names: tuple[Located[str], ...]


class HostsFile(Fact, frozen=True, kw_only=True):
    """The entries of /etc/hosts in their order; none when there is no such file."""

    entries: tuple[HostsEntry, ...]
    #: Comment lines that would be entries if their `#` were gone.
    commented: tuple[HostsEntry, ...]

    @classmethod
    def parse(cls, etc_hosts: Record) -> Self:
        """Read the file's text."""
        text = "" if etc_hosts.missing else etc_hosts.required()
        entries: list[HostsEntry] = []
        commented: list[HostsEntry] = []
        for number, line in enumerate(text.split("\n"), start=1):
            hidden = _HIDDEN.match(line)
            entry = _entry(number, line, hidden.end() if hidden else 0)
            if entry is not None:
                (commented if hidden else entries).append(entry)
        return cls(entries=tuple(entries), commented=tuple(commented))

    def lines_for(self, name: str) -> tuple[tuple[HostsEntry, Located[str]], ...]:
        """Each line that gives the name, with the place of the name in it; upper and lower case are the same."""
        return _naming(self.entries, name)

    def commented_for(self, name: str) -> tuple[tuple[HostsEntry, Located[str]], ...]:
        """As `lines_for`, among the lines that are commented out."""
        return _naming(self.commented, name)

    def addresses_of(self, name: str) -> tuple[str, ...]:
        """Every address that the file gives to the name, in the file's order, each once, as written."""
        return tuple(dict.fromkeys(entry.address.value for entry, _ in self.lines_for(name)))


def _entry(number: int, line: str, start: int) -> HostsEntry | None:
    end = line.find("#", start)
    words = [
        Located(match.group(), Location(PATH, number, match.start() + 1, match.end() + 1, line))
        for match in _FIELD.finditer(line, start, len(line) if end < 0 else end)
    ]
    if len(words) < 2 or not _is_address(words[0].value):
        return None
    return HostsEntry(address=words[0], names=tuple(words[1:]))


def _is_address(word: str) -> bool:
    """Whether inet_pton knows it. A scope (`%eth0`) it does not know: glibc passes over such lines."""
    try:
        ip_address(word)
    except ValueError:
        return False
    return "%" not in word


def _naming(entries: tuple[HostsEntry, ...], name: str) -> tuple[tuple[HostsEntry, Located[str]], ...]:
    wanted = _lower(name)
    found = []
    for entry in entries:
        at = next((known for known in entry.names if _lower(known.value) == wanted), None)
        if at is not None:
            found.append((entry, at))
    return tuple(found)


def same_name(one: str, other: str) -> bool:
    """Report whether glibc takes both for the same name."""
    return _lower(one) == _lower(other)


def _lower(name: str) -> str:
    """Lower case of ASCII letters only, as strcasecmp has it in the C locale."""
    return name.translate(_ASCII_LOWER)
