"""/etc/hosts as glibc reads it: every line that names a host counts, and malformed lines are ignored.

No augeas lens is used: a single line that the lens does not match would make the whole file unreadable, whereas glibc
skips it. Follows glibc's nss/nss_files/files-hosts.c, tried with 2.36 and 2.41 (tests/facts/cases/peer_name).
"""

import re
from collections.abc import Mapping
from functools import cached_property
from ipaddress import ip_address
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.text.bounds import lines_of
from preflight.facts.text.located import Located, Location

PATH = "/etc/hosts"

#: Fields are separated by what isspace() of C accepts as white space within a line, in the C locale.
_FIELD = re.compile(r"[^ \t\v\f\r]+")
_HIDDEN = re.compile(r"[ \t]*#[# \t]*")
#: Maximum number of lines; large lists of blocked names have a fifth of it.
_MOST_LINES = 1_000_000
#: Start of an address; the rest is checked by `ip_address`, which takes long to reject a word.
_BEGINNING = re.compile(r"[0-9A-Fa-f]{0,4}[.:]")
#: Maximum number of addresses and names: as many as large lists of blocked names have, in some 100 MiB.
_MOST_FIELDS = 200_000
_ASCII_LOWER = {ord("A") + i: ord("a") + i for i in range(26)}


class HostsEntry(Struct, frozen=True, kw_only=True):
    """Line that gives names to an address."""

    #: As written, IPv4 or IPv6.
    address: Located[str]
    #: The canonical name, then its aliases, as written. Never empty.
    names: tuple[Located[str], ...]


class HostsFile(Fact, frozen=True, kw_only=True, dict=True):
    """The entries of /etc/hosts in order; none if the file does not exist."""

    entries: tuple[HostsEntry, ...]
    #: Comment lines that would be entries without their `#`.
    commented: tuple[HostsEntry, ...]

    @classmethod
    def parse(cls, etc_hosts: Annotated[Record, "etc.hosts"]) -> Self:
        """Parse the file's text."""
        text = "" if etc_hosts.missing else etc_hosts.required()
        entries: list[HostsEntry] = []
        commented: list[HostsEntry] = []
        fields = 0
        if text.count("\n") > _MOST_LINES:
            raise Unreadable(f"{PATH}: the file has more than {_MOST_LINES} lines")
        for number, line in lines_of(PATH, text):
            hidden = _HIDDEN.match(line)
            entry = _entry(number, line, hidden.end() if hidden else 0)
            if entry is not None:
                fields += 1 + len(entry.names)
                if fields > _MOST_FIELDS:
                    raise Unreadable(f"{PATH}:{number}: the file has more than {_MOST_FIELDS} addresses and names")
                (commented if hidden else entries).append(entry)
        return cls(entries=tuple(entries), commented=tuple(commented))

    def lines_for(self, name: str) -> tuple[tuple[HostsEntry, Located[str]], ...]:
        """Return each line that has the name, with the location of the name; case is ignored."""
        return tuple(_naming(self.entries, number, name) for number in self._places.get(_lower(name), ()))

    def commented_for(self, name: str) -> tuple[tuple[HostsEntry, Located[str]], ...]:
        """Return the same as `lines_for`, for the lines that are commented out."""
        return tuple(_naming(self.commented, number, name) for number in self._commented.get(_lower(name), ()))

    # each guest may need another name
    @cached_property
    def _places(self) -> Mapping[str, list[int]]:
        return _by_name(self.entries)

    @cached_property
    def _commented(self) -> Mapping[str, list[int]]:
        return _by_name(self.commented)

    def addresses_of(self, name: str) -> tuple[str, ...]:
        """Return the addresses that the file gives to the name, in file order, each once, as written."""
        return tuple(dict.fromkeys(entry.address.value for entry, _ in self.lines_for(name)))


def _entry(number: int, line: str, start: int) -> HostsEntry | None:
    end = line.find("#", start)
    until = len(line) if end < 0 else end
    first = _FIELD.search(line, start, until)
    if first is None or not _is_address(first.group()):
        return None
    words = [
        Located(match.group(), Location(PATH, number, match.start() + 1, match.end() + 1, line))
        for match in _FIELD.finditer(line, first.start(), until)
    ]
    if len(words) < 2:
        return None
    return HostsEntry(address=words[0], names=tuple(words[1:]))


def _is_address(word: str) -> bool:
    """Report whether inet_pton accepts the word. It rejects a scope (`%eth0`), so glibc ignores such lines."""
    if not _BEGINNING.match(word):
        return False
    try:
        ip_address(word)
    except ValueError:
        return False
    return "%" not in word


def _by_name(entries: tuple[HostsEntry, ...]) -> Mapping[str, list[int]]:
    """Return the positions of the entries that have each name, in lower case."""
    found: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        for name in dict.fromkeys(_lower(known.value) for known in entry.names):
            found.setdefault(name, []).append(place)
    return found


def _naming(entries: tuple[HostsEntry, ...], place: int, name: str) -> tuple[HostsEntry, Located[str]]:
    wanted = _lower(name)
    entry = entries[place]
    return entry, next(known for known in entry.names if _lower(known.value) == wanted)


def same_name(one: str, other: str) -> bool:
    """Report whether glibc treats both as the same name."""
    return _lower(one) == _lower(other)


def _lower(name: str) -> str:
    """Convert ASCII letters to lower case, as strcasecmp does in the C locale."""
    return name.translate(_ASCII_LOWER)
