"""Protocol of the objects that answer questions for a host. Nothing else in preflight reads a host."""

from collections.abc import Mapping
from typing import Protocol

from preflight.answers import Answers, Record
from preflight.shell_text import NOTHING, ShellText


class Channel(Protocol):
    """Host that answers questions."""

    #: Command that libvirt runs instead of ssh to share this login; None if there is no login to share.
    libvirt_command: str | None
    #: Time (`time.monotonic`) after which nothing is waited for; None while each batch of answers has its own timeout.
    deadline: float | None

    @property
    def client_config(self) -> Record | None:
        """The settings of ssh's client that libvirt's ssh obeys; None if there is no login. Waits for ssh."""

    @property
    def with_person(self) -> bool:
        """True while a person is being asked, for example for a password, and may take their time."""

    @property
    def of_person(self) -> float:
        """Seconds that a person took to answer."""

    def send(self, questions: Mapping[str, ShellText], first: ShellText = NOTHING, *, together: bool = False) -> None:
        """Send questions (POSIX sh commands by record name) without waiting. The session itself runs `first` before.

        With `together`, one process of the host answers all of them, and each must leave the next as it was.
        """

    def receive(self, names: Mapping[str, object]) -> Answers:
        """Wait for the answers to these questions within the channel's time limit."""

    def login(self) -> Record:
        """Wait for the first sign of the host: code 0, or 255 with ssh's error message in `err`."""

    def wait_until_shared(self) -> bool:
        """Wait until libvirt can share this login, which is before `login` returns; report whether it ever can."""

    def end(self) -> None:
        """Send no more questions: the host's shell exits after its last answer."""

    def close(self) -> None:
        """End the session."""
