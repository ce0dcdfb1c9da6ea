"""Hosts' answers, as text. This module reads no host, and is fast to import."""

import re
from typing import NamedTuple

#: The exit code of a collecting command for a file that does not exist.
MISSING = 44
#: What stands in a text for a secret that was in it.
BLANK = "***"


#: The records that are the text of one file each, and the path of that file.
FILES = {
    "etc.hosts": "/etc/hosts",
    "nsswitch": "/etc/nsswitch.conf",
    "resolv": "/etc/resolv.conf",
    "machine-id": "/etc/machine-id",
    "libvirtd.conf": "/etc/libvirt/libvirtd.conf",
    "virtqemud.conf": "/etc/libvirt/virtqemud.conf",
    "virtproxyd.conf": "/etc/libvirt/virtproxyd.conf",
    "virtlockd.conf": "/etc/libvirt/virtlockd.conf",
    "qemu.conf": "/etc/libvirt/qemu.conf",
}


class Unreadable(Exception):
    """Fact that could not be determined. The text is the reason, for the person who reads the report."""


class NotAsked(Unreadable):
    """Fact that no answer can contain, because the question was not asked; a rule that needs it does not apply."""


#: Lines of a shell that did not find sudo, and of sudo when it refuses. "sudo: nft: command not found" is neither: the
#: command is missing there. Nor is "unable to resolve host", after which sudo continues.
_NO_SUDO = re.compile(r"(?:^|.*: )sudo: (?:command )?not found|.*command not found: sudo")
_CONTINUES = "sudo: unable to resolve host "
_REFUSED = (
    " is not in the sudoers file",
    " is not allowed to execute ",
    " is not allowed to run sudo ",
    " may not run sudo ",
)


def without_root(line: str) -> str | None:
    """Return the reason, with what resolves it, if a line says that the login may not run a command as root."""
    line = line.strip()
    if _NO_SUDO.fullmatch(line):
        why = "sudo is not installed"
    elif line.startswith("sudo: ") and not line.startswith(_CONTINUES) and not line.endswith(": command not found"):
        why = line.removeprefix("sudo: ")
    elif any(words in line for words in _REFUSED):
        why = line
    else:
        return None
    return f"root's rights are missing ({why}): log in as root, or allow the user `sudo -n` (NOPASSWD)"


class Record(NamedTuple):
    """Answer to one question, as text.

    `code` is the command's exit code (0 to 255); `out` and `err` are its standard output and error,
    decoded as UTF-8 with a backslash escape for each byte that is not.
    """

    out: str
    code: int = 0
    err: str = ""

    @property
    def missing(self) -> bool:
        """True if the requested file does not exist."""
        return self.code == MISSING

    def required(self) -> str:
        """Return the output of a command that must have succeeded; raises `Unreadable` if it failed."""
        if self.code != 0:
            raise Unreadable(self.complaint or f"exit code {self.code}")
        return self.out

    @property
    def complaint(self) -> str:
        """The last line of standard error, or what resolves it if root's rights are missing; empty without one."""
        lines = self.err.strip().splitlines()
        return next(filter(None, map(without_root, reversed(lines))), lines[-1] if lines else "")

    @property
    def because(self) -> str:
        """The complaint as the end of a reason, after a colon; empty without one."""
        return f": {self.complaint}" if self.complaint else ""


class Answers:
    """Records by name, and the reasons for missing ones; the key "" is the reason for all others.

    `unasked` are records that a snapshot lacks because the preflight that took it did not ask for them yet.
    """

    def __init__(
        self,
        records: dict[str, Record] | None = None,
        absent: dict[str, str] | None = None,
        unasked: frozenset[str] = frozenset(),
    ) -> None:
        self.records = {} if records is None else records
        self.absent = {} if absent is None else absent
        self.unasked = unasked

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Answers) and (self.records, self.absent) == (other.records, other.absent)

    __hash__ = None  # type: ignore[assignment]

    def update(self, other: "Answers") -> None:
        """Add the records and reasons of another."""
        self.records.update(other.records)
        self.absent.update(other.absent)


class Taken(NamedTuple):
    """When, on which machine, by whom and with which versions a snapshot was taken."""

    #: Whole seconds since the epoch.
    at: int
    machine: str
    user: str
    version: str
    #: Installed packs of rules, each with its version.
    packs: tuple[tuple[str, str], ...] = ()


class SavedHost(NamedTuple):
    """Host with its answers, under the name that it was given on the command line."""

    name: str
    answers: Answers
    #: The hosts that it was asked about, besides the other host of a pair.
    peers: tuple[str, ...] = ()
    #: Who took the snapshot; None if that is not known.
    made: Taken | None = None
