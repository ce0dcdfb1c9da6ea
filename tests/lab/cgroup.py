"""Gives the lab's processes control groups of their own, by which it can prove that they are its own.

Two systemds in one group fight over /init.scope, so each host has a group in every hierarchy that
systemd manages: the one of cgroup v2, or both `systemd` and `unified` on a hybrid machine.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from .machine import LabError, command

ROOT = Path("/sys/fs/cgroup")


def is_unified() -> bool:
    """Report whether this machine has only cgroup v2."""
    return (ROOT / "cgroup.controllers").exists()


def hierarchies() -> list[Path]:
    """Return the mount point of the hierarchies that systemd manages; mounts that of v1 if it is missing."""
    if is_unified():
        return [ROOT]
    named = ROOT / "systemd"
    if not (named / "cgroup.procs").exists():
        named.mkdir(parents=True, exist_ok=True)
        command("mount", "-t", "cgroup", "-o", "none,name=systemd", "systemd", str(named))
    return [path for path in (named, ROOT / "unified") if (path / "cgroup.procs").exists()]


def create(group: str) -> list[Path]:
    """Make `group` (a relative path) in every hierarchy; gives the files a process enters it by."""
    entries = []
    for hierarchy in hierarchies():
        (hierarchy / group).mkdir(parents=True, exist_ok=True)
        entries.append(hierarchy / group / "cgroup.procs")
    return entries


def entering(group: str) -> list[str]:
    """Return the words to put before a command so that it starts in `group`, which must exist."""
    entries = [str(hierarchy / group / "cgroup.procs") for hierarchy in hierarchies()]
    moves = "; ".join(f"echo 0 >{entry}" for entry in entries)
    return ["sh", "-c", f'set -e; {moves}; exec "$@"', "sh"]


def processes(group: str) -> set[int]:
    """Return every process in `group` or below it, in any hierarchy."""
    found: set[int] = set()
    for directory in _below(group):
        with contextlib.suppress(OSError):
            found.update(int(pid) for pid in (directory / "cgroup.procs").read_text().split())
    return found - {0}


def remove(group: str, timeout: float = 15) -> None:
    """Kill every process of `group` and remove it; raises LabError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        for pid in processes(group):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for directory in _below(group):
            with contextlib.suppress(OSError):
                directory.rmdir()
        if not any(_below(group)):
            return
        if time.monotonic() > deadline:
            raise LabError(f"control group {group} does not go away: {processes(group)}")
        time.sleep(0.02)


def _below(group: str) -> Iterator[Path]:
    """Yield the directories of `group` in every hierarchy, innermost first."""
    for hierarchy in hierarchies():
        for directory, _, _ in os.walk(hierarchy / group, topdown=False):
            yield Path(directory)
