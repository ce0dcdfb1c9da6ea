"""Libvirt's daemons beside the one that manages guests, which it needs to start a guest: their sockets and files."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.text.libvirt_conf import Conf, parse_conf

_LISTENS = re.compile(r"listens (/run/libvirt/[a-z-]{1,64})")
_MASKED = re.compile(r"masked ([a-z]{1,32})")
_LINE = re.compile(r"(/etc/libvirt/[a-z]{1,32}\.conf):(\d{1,7}):(.*)")
#: Longest file that is rebuilt, in lines: a line number beyond it is not one of a configuration file.
_LONGEST = 100_000


class SideDaemons(Fact, frozen=True, kw_only=True):
    """The sockets on which something listens, whether the daemon itself or systemd in its place, and the files."""

    #: The names of the sockets in /run/libvirt, as "virtlogd-sock".
    listening: frozenset[str]
    #: Daemons whose service is masked, so that systemd does not start it for a client.
    masked: frozenset[str]
    #: The lines of each daemon's file that are neither empty nor remarks, at their places, by the daemon's name.
    texts: Mapping[str, str]

    def listens(self, daemon: str) -> bool:
        """Report whether a client finds the daemon's socket, because it runs or because systemd would start it."""
        return f"{daemon}-sock" in self.listening

    def conf(self, daemon: str) -> Conf:
        """Return the settings of the daemon's file; one that does not exist, or sets nothing, is empty."""
        return parse_conf(f"/etc/libvirt/{daemon}.conf", Record(self.texts.get(daemon, "")))

    @classmethod
    def parse(cls, answer: Annotated[Record, "side-daemons"]) -> Self:
        """Parse the sockets and masked services, and the lines of the files as grep prints them."""
        said, mark, lines = answer.required().partition("\x1f\n")
        if not mark:
            raise Unreadable("the list of libvirt's sockets is truncated")
        listening: set[str] = set()
        masked: set[str] = set()
        for line in said.splitlines():
            if found := _LISTENS.fullmatch(line):
                listening.add(found[1].rpartition("/")[2])
            elif found := _MASKED.fullmatch(line):
                masked.add(found[1])
            else:
                raise Unreadable(f"unexpected line in the list of libvirt's sockets: {line[:80]!r}")
        return cls(listening=frozenset(listening), masked=frozenset(masked), texts=_files(lines))


def _files(lines: str) -> Mapping[str, str]:
    """Return the text of each file, with empty lines in place of those that grep left out."""
    found: dict[str, list[str]] = {}
    for line in lines.split("\n"):
        named = _LINE.fullmatch(line)
        if named is None:
            continue  # grep says of a file that is not text that it matches
        name, number = named[1].rpartition("/")[2].removesuffix(".conf"), int(named[2])
        text = found.setdefault(name, [])
        if len(text) < number <= _LONGEST:
            text += [""] * (number - 1 - len(text))
            text.append(named[3])
    return {name: "\n".join(text) + "\n" for name, text in found.items()}
