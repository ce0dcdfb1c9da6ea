"""What hosts answered, as text. Nothing here reads a host, and nothing here takes long to import."""

from typing import NamedTuple

#: The exit code with which a collecting command says that the file it was to read does not exist.
MISSING = 44


class Unreadable(Exception):
    """A fact could not be had. The text is the reason, for the person who reads the report."""


class Record(NamedTuple):
    """The answer to one question, as text.

    `code` is the command's exit code (0 to 255); `out` and `err` are its standard output and error,
    decoded as UTF-8 with a backslash escape for each byte that is not.
    """

    out: str
    code: int = 0
    err: str = ""

    @property
    def missing(self) -> bool:
        """Whether the file that was asked for does not exist."""
        return self.code == MISSING

    def required(self) -> str:
        """The output of a command that must have worked; raises `Unreadable` when it did not."""
        if self.code != 0:
            last = self.err.strip().splitlines()[-1:] or [f"exit code {self.code}"]
            raise Unreadable(last[0])
        return self.out


class Answers:
    """Records by name, and for those that did not come the reason; the key "" speaks for all others."""

    def __init__(self, records: dict[str, Record] | None = None, absent: dict[str, str] | None = None) -> None:
        self.records = {} if records is None else records
        self.absent = {} if absent is None else absent

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Answers) and (self.records, self.absent) == (other.records, other.absent)

    __hash__ = None  # type: ignore[assignment]

    def update(self, other: "Answers") -> None:
        """Take over another's records and reasons."""
        self.records.update(other.records)
        self.absent.update(other.absent)


class SavedHost(NamedTuple):
    """One host as it answered: the name it was asked under, and its answers."""

    name: str
    answers: Answers
