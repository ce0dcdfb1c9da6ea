"""What answers questions for a host. Nothing else in preflight reads one."""

from collections.abc import Mapping
from typing import Protocol

from preflight.answers import Answers, Record
from preflight.shell_text import NOTHING, ShellText


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
