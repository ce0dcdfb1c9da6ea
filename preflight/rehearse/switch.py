"""The dead man's switch: a process on the source that aborts a rehearsal if preflight is gone, or if it lasts too long.

A peer-to-peer migration goes on without preflight, and a managed one until its daemon notices that its client is gone.
"""

from pathlib import Path
from typing import Final, Protocol

from preflight.grammar import UUID
from preflight.migrate import run_lock
from preflight.migrate.root_shell import Shell, as_root, complaint
from preflight.shell_text import ShellText, of_file

#: Seconds after which the switch aborts a rehearsal, whatever preflight does. By then a rehearsal has ended: libvirt
#: has 10 s to begin, and half a second more is watched.
AFTER: Final = 30

_SCRIPTS: Final = Path(__file__).parent / "scripts"


class Switch(Protocol):
    """The switch, as a rehearsal uses it."""

    def arm(self, uuid: str) -> str | None:
        """Have the guest's migration aborted if preflight dies; return why that cannot be done, or None."""

    def disarm(self, uuid: str) -> None:
        """Leave the guest alone from now on: its rehearsal is over."""


class HostSwitch:
    """The switch on a host that is logged in to, for the run of one key, whose lock that login holds."""

    def __init__(self, shell: Shell, key: str, *, runs: str = run_lock.DIRECTORY, after: int = AFTER) -> None:
        """Take the source's shell; `runs` is the directory of locks there, `after` in seconds."""
        self._shell, self._key, self._runs, self._after = shell, key, runs, after

    def arm(self, uuid: str) -> str | None:
        """Have the guest's migration aborted if preflight dies; return why that cannot be done, or None."""
        words = (self._runs, self._key, UUID.of(uuid), str(self._after), str(_script("switch")))
        answer = self._shell(as_root(_script("switch_set"), *words))
        return None if answer.code == 0 else complaint(answer)

    def disarm(self, uuid: str) -> None:
        """Leave the guest alone from now on; a switch that is not reached acts after its time, and finds no job."""
        self._shell(as_root(_script("switch_unset"), self._runs, self._key, UUID.of(uuid)))


def _script(name: str) -> ShellText:
    return of_file(_SCRIPTS / f"{name}.sh")
