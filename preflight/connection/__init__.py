"""How a host's text is had: live over ssh, on this machine, or from a snapshot that was taken before.

A `Channel` answers questions. Nothing else in preflight reads a host.
"""

from collections.abc import Mapping
from typing import Protocol

from preflight.answers import Record
from preflight.shell_text import NOTHING, ShellText


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


class Channel(Protocol):
    """One host that answers questions."""

    #: What libvirt is to run as its ssh so that it shares this login; None when there is none to share.
    libvirt_command: str | None
    #: When nothing is waited for any more, by `time.monotonic`; None while each batch of answers has its own time.
    deadline: float | None

    @property
    def with_person(self) -> bool:
        """Whether a person is being asked, for a password as it may be, who takes their time."""

    @property
    def of_person(self) -> float:
        """Seconds that a person was asked for."""

    def send(self, questions: Mapping[str, ShellText], first: ShellText = NOTHING) -> None:
        """Ask: POSIX sh commands by record name. Does not wait. `first` is what the session itself does before."""

    def receive(self, names: Mapping[str, object]) -> Answers:
        """Wait for the answers to these questions, as long as the channel's time limit allows."""

    def login(self) -> Record:
        """Wait until the host answers at all: code 0, or 255 with what ssh said in `err`."""

    def close(self) -> None:
        """End the session."""
