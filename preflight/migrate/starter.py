"""A process on the source that starts guests on the destination if preflight dies while they migrate.

A peer-to-peer migration goes on without preflight. With the safe hand-over the guest arrives paused, and whoever starts
it must know that the source has let it go, and must outlive preflight. This process does both: it belongs to no login,
waits until preflight's login has ended or has been silent for 30 s, and then reads the logs of the guests whose
migrations were begun. Where one says that the migration was confirmed and nothing else happened since, and the
destination has the guest paused with CPUs that never ran, it starts the guest there, over the URI by which the source's
daemon has sent it. It does nothing else, and ends when no migration is left, when the run ends or when it is resumed.
"""

from typing import Protocol

from preflight.grammar import GUEST, UUID
from preflight.migrate import run_lock, source_log
from preflight.migrate.outcome import LogMark
from preflight.migrate.root_shell import Shell, as_root, complaint, joined_scripts, script
from preflight.schema.plan import PlannedGuest


class Starter(Protocol):
    """The process on the source, as a run uses it."""

    def place(self) -> str | None:
        """Leave it on the source; return why that cannot be done, or None."""

    def order(self, guest: PlannedGuest, mark: LogMark) -> str | None:
        """Have it start this guest, whose migration begins; return why that cannot be done, or None."""


class HostStarter:
    """The process on a host that is logged in to, for the run of one key, which holds its lock there."""

    def __init__(
        self, shell: Shell, key: str, uri: str, *, runs: str = run_lock.DIRECTORY, logs: str = source_log.DIRECTORY
    ) -> None:
        """`uri` is the destination's, as the source's daemon is given it; `runs` and `logs` are directories there."""
        self._shell, self._key, self._uri, self._runs, self._logs = shell, key, uri, runs, logs

    def place(self) -> str | None:
        """Leave it on the source; return why that cannot be done, or None."""
        arguments = (self._runs, self._key, self._uri, self._logs, str(joined_scripts("log_since", "starter")))
        answer = self._shell(as_root(script("starter_place"), *arguments))
        return None if answer.code == 0 else complaint(answer)

    def order(self, guest: PlannedGuest, mark: LogMark) -> str | None:
        """Have it start this guest, whose migration begins; return why that cannot be done, or None."""
        words = (UUID.of(guest.uuid), str(mark.inode), str(mark.size), GUEST.of(guest.name))
        answer = self._shell(as_root(script("starter_order"), self._runs, self._key, *words))
        return None if answer.code == 0 else complaint(answer)
