"""Reads the log of a guest's QEMU on the source, which shows how the process ended even if libvirt has forgotten it.

libvirt keeps the reason why a guest is off in memory alone, so it is unknown after each restart of the daemon. It also
writes a line to /var/log/libvirt/qemu/NAME.log when it starts a guest's QEMU (qemuLogOperation), begins a migration
(qemuMigrationSrcStart) and ends the process (qemuProcessStop); libvirt 7.0 to 11.3. A migration begins by noting how
far the log reaches, so that whoever settles it later knows which lines are newer.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from preflight.grammar import GUEST
from preflight.migrate.decide import decide
from preflight.migrate.observation import Place, Sighting
from preflight.migrate.outcome import Act, Decision, Intent, LogEnd, LogMark
from preflight.migrate.root_shell import Shell, as_root, joined_scripts, script

#: The directory of the logs of a libvirt that runs as root (virQEMUDriverConfigNew).
DIRECTORY: Final = "/var/log/libvirt/qemu"

_MARK = re.compile(r"([0-9]{1,20}) ([0-9]{1,18})")


class Logs(Protocol):
    """The logs of one host's guests."""

    def marks(self, names: Sequence[str]) -> Mapping[str, LogMark]:
        """Return how far the log of each guest reaches now, by the guest's name; without those that cannot be read."""

    def since(self, name: str, mark: LogMark) -> Sequence[str] | None:
        """Return the lines that libvirt has added after the mark, without their times; None if that is not known.

        Only those of the beginning and the end of a process and of a migration, as `log_since.sh` prints them.
        """


class HostLogs:
    """The logs of a host with an open login; only root can read them."""

    def __init__(self, shell: Shell, directory: str = DIRECTORY) -> None:
        """`directory` is an absolute path on the host."""
        self._shell, self._directory = shell, directory

    def marks(self, names: Sequence[str]) -> Mapping[str, LogMark]:
        """Return how far the log of each guest reaches now; empty where the login may not read the logs."""
        names = [name for name in names if GUEST.takes(name)]
        if not names:
            return {}
        answer = self._shell(as_root(script("log_marks"), self._directory, *(f"{name}.log" for name in names)))
        lines = answer.out.splitlines()
        if answer.code != 0 or len(lines) != len(names):
            return {}
        found = ((name, _MARK.fullmatch(line)) for name, line in zip(names, lines, strict=True))
        return {name: LogMark(inode=int(each[1]), size=int(each[2])) for name, each in found if each is not None}

    def since(self, name: str, mark: LogMark) -> Sequence[str] | None:
        """Return the lines that libvirt has added after the mark; None if it is another log, or cannot be read."""
        path = f"{self._directory}/{GUEST.of(name)}.log"
        answer = self._shell(as_root(joined_scripts("log_since", "log_read"), path, str(mark.inode), str(mark.size)))
        return answer.out.splitlines() if answer.code == 0 else None


def end_of(lines: Sequence[str] | None) -> LogEnd:
    """Return how the process ended that the guest had when its migration began, by the lines that were added since.

    With anything beside one migration and its end, the guest may have run there again, or have been moved on to a third
    host.
    """
    if lines is None:
        return LogEnd.UNKNOWN
    if list(lines) == ["initiating migration", "shutting down, reason=migrated"]:
        return LogEnd.MIGRATED
    # a host that loses power may lose the last lines of the log too
    return LogEnd.NONE if list(lines) in ([], ["initiating migration"]) else LogEnd.MORE


def informed(logs: Logs, name: str, intent: Intent, source: Sighting) -> Intent:
    """Return the intent with the end of the guest's log, if that could explain why the source has no process of it."""
    has_none = source.place in (Place.ABSENT, Place.OFF)
    if not has_none or intent.is_off or intent.log_mark is None or intent.log_end is not LogEnd.UNKNOWN:
        return intent
    return replace(intent, log_end=end_of(logs.since(name, intent.log_mark)))


def decided(logs: Logs, name: str, intent: Intent, source: Sighting, destination: Sighting) -> tuple[Decision, Intent]:
    """Return the decision for a guest, and the intent behind it; reads the log only if the decision is in doubt.

    A guest that this run has watched and that waits for its start on the destination must not wait for an answer of the
    source.
    """
    decision = decide(intent, source, destination)
    is_doubtful = decision.why and not decision.acts
    if not (is_doubtful or (Act.START_ON_DESTINATION in decision.acts and not intent.watched)):
        return decision, intent
    if (knowing := informed(logs, name, intent, source)) is intent:
        return decision, intent
    return decide(knowing, source, destination), knowing
