"""The dead man's switch: a process on the source that aborts a rehearsal if preflight is gone, or if it lasts too long.

A peer-to-peer migration continues without preflight, and a managed one until its daemon notices that its client is
gone. The switch needs neither preflight nor the network; `limits` proves that it aborts before the guest could move.
"""

from pathlib import Path
from typing import Final, Protocol

from preflight.grammar import UUID
from preflight.migrate import run_lock
from preflight.migrate.root_shell import Shell, as_root, complaint
from preflight.rehearse.limits import AFTER, SENDING
from preflight.shell_text import ShellText, of_file

_SCRIPTS: Final = Path(__file__).parent / "scripts"


class Switch(Protocol):
    """The switch, as a rehearsal uses it."""

    def arm(self, uuid: str, longest_call: float) -> str | None:
        """Have the guest's migration aborted if preflight dies; return why that cannot be done, or None.

        It cannot if a call of virsh on the source takes more than this many seconds.
        """

    def disarm(self, uuid: str) -> None:
        """Leave the guest alone from now on: its rehearsal is over."""


class HostSwitch:
    """The switch on a host that is logged in to, for the run of one key, whose lock that login holds."""

    def __init__(
        self, shell: Shell, key: str, *, runs: str = run_lock.DIRECTORY, sending: float = SENDING, after: float = AFTER
    ) -> None:
        """Take the source's shell; `runs` is the directory of locks there, `sending` and `after` are in seconds."""
        self._shell, self._key, self._runs = shell, key, runs
        self._times = (_hundredths(sending), _hundredths(after))

    def arm(self, uuid: str, longest_call: float) -> str | None:
        """Have the guest's migration aborted if preflight dies; return why that cannot be done, or None."""
        words = (self._runs, self._key, UUID.of(uuid), _hundredths(longest_call), *self._times, str(_script("switch")))
        answer = self._shell(as_root(_script("switch_set"), *words))
        return None if answer.code == 0 else complaint(answer)

    def disarm(self, uuid: str) -> None:
        """Leave the guest alone from now on; a switch that is not reached acts after its time, and finds no job."""
        self._shell(as_root(_script("switch_unset"), self._runs, self._key, UUID.of(uuid)))


def _hundredths(seconds: float) -> str:
    return str(int(seconds * 100))


def _script(name: str) -> ShellText:
    return of_file(_SCRIPTS / f"{name}.sh")
