"""Releases of the operating system, the kernel and OpenSSH on a host."""

import re
from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable

_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SINGLE = re.compile(r"'([^']*)'")
_BARE = re.compile(r"""(?:[^\s"'\\]|\\.)*""")


class OsRelease(Fact, frozen=True, kw_only=True):
    """Contents of /etc/os-release. Each value is None if it is not in the file."""

    #: As "debian", "rhel"; "linux" if it is not given, as specified in os-release(5).
    id: str
    #: As "12", "9.4".
    version_id: str | None
    #: As "bookworm".
    codename: str | None
    #: As "Debian GNU/Linux 12 (bookworm)".
    pretty_name: str | None

    @classmethod
    def parse(cls, os_release: Record) -> Self:
        """Parse the file: shell assignments, of which the last one of a name is effective."""
        values: dict[str, str] = {}
        for line in os_release.required().splitlines():
            name, equals, quoted = line.strip().partition("=")
            if not equals or not name.isidentifier():
                continue
            value = _unquoted(quoted)
            if value is not None:
                values[name] = value
        if not values:
            raise Unreadable("os-release does not identify the system")
        return cls(
            id=values.get("ID") or "linux",
            version_id=values.get("VERSION_ID") or None,
            codename=values.get("VERSION_CODENAME") or None,
            pretty_name=values.get("PRETTY_NAME") or None,
        )

    @property
    def label(self) -> str:
        """The name of the system for a person to read."""
        return self.pretty_name or " ".join(filter(None, (self.id, self.version_id)))


def _unquoted(written: str) -> str | None:
    """Return the value as a shell would read it; None if it is not a single word."""
    if match := _DOUBLE.fullmatch(written):
        return re.sub(r'\\(["$`\\])', r"\1", match[1])
    if match := _SINGLE.fullmatch(written):
        return match[1]
    if match := _BARE.fullmatch(written):
        return re.sub(r"\\(.)", r"\1", match[0])
    return None


class Kernel(Fact, frozen=True, kw_only=True):
    """The running kernel."""

    #: As "Linux".
    system: str
    #: As "6.1.0-28-amd64".
    release: str
    #: The processor's architecture, as "x86_64".
    machine: str

    @classmethod
    def parse(cls, kernel: Record) -> Self:
        """Parse the output of `uname -srm`."""
        words = kernel.required().split()
        if len(words) != 3:
            raise Unreadable("uname did not report the kernel's release and machine")
        return cls(system=words[0], release=words[1], machine=words[2])


#: Maximum number of lines that a shell may print before the answer.
_MOST_LINES = 1000


class OpenSsh(Fact, frozen=True, kw_only=True):
    """The installed OpenSSH client; the server is nearly always of the same release."""

    #: Its version line, as "OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17 1 Jul 2025".
    text: str
    #: As (9, 2).
    version: tuple[int, int]

    @classmethod
    def parse(cls, openssh: Record) -> Self:
        """Parse the output of `ssh -V`; lines before it (warnings of a shell) are ignored."""
        for line in openssh.required().splitlines()[:_MOST_LINES]:
            match = re.match(r"OpenSSH[^0-9]{0,20}([0-9]{1,4})\.([0-9]{1,4})", line)
            if match:
                return cls(text=line.strip(), version=(int(match[1]), int(match[2])))
        raise Unreadable("ssh -V did not report an OpenSSH release")
