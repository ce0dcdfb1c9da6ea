"""Hosts' answers, as text. This module reads no host, and is fast to import."""

from typing import NamedTuple

#: The exit code of a collecting command for a file that does not exist.
MISSING = 44


class Unreadable(Exception):
    """Fact that could not be determined. The text is the reason, for the person who reads the report."""


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
            last = self.err.strip().splitlines()[-1:] or [f"exit code {self.code}"]
            raise Unreadable(last[0])
        return self.out


class Answers:
    """Records by name, and the reasons for missing ones; the key "" is the reason for all others."""

    def __init__(self, records: dict[str, Record] | None = None, absent: dict[str, str] | None = None) -> None:
        self.records = {} if records is None else records
        self.absent = {} if absent is None else absent

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Answers) and (self.records, self.absent) == (other.records, other.absent)

    __hash__ = None  # type: ignore[assignment]

    def update(self, other: "Answers") -> None:
        """Add the records and reasons of another."""
        self.records.update(other.records)
        self.absent.update(other.absent)


class SavedHost(NamedTuple):
    """Host with its answers, under the name that it was given on the command line."""

    name: str
    answers: Answers
