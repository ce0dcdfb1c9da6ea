"""Names everything that one instance of the lab makes, and keeps two users of it apart."""

import contextlib
import fcntl
import os
import re
from pathlib import Path

from .machine import LabError, LabUnavailable, command, is_mounted, mounts_below

STATE = Path("/run/preflight-lab")


class Instance:
    """The names and paths of the instance `name`; holds its lock between `lock` and `unlock`."""

    def __init__(self, name: str) -> None:
        if not re.fullmatch(r"[a-z0-9]{1,16}", name):
            raise LabError(f"an instance's name is 1 to 16 of a-z and 0-9, not {name!r}")
        self.name = name
        self.state = STATE / name
        self.images = self.state / "images"
        self.keys = self.state / "keys"
        self.client = self.state / "client"
        self.group = f"preflight-lab-{name}"
        self._lock: int | None = None

    def namespace(self, role: str) -> str:
        """Return the network namespace of "switch", "client" or a host."""
        return f"preflight-{self.name}-{role}"

    def namespaces(self) -> list[str]:
        """Return the network namespaces of this instance that exist."""
        known = Path("/run/netns")
        names = [path.name for path in known.iterdir()] if known.is_dir() else []
        return sorted(name for name in names if name.startswith(self.namespace("")))

    def lock(self) -> None:
        """Take the instance for this process; raises LabUnavailable when another one has it."""
        if self._lock is not None:
            return
        STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        lock = os.open(STATE / f"{self.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode().strip() or "unknown"
            os.close(lock)
            raise LabUnavailable(
                f"lab instance {self.name!r} is in use by process {holder}; set PREFLIGHT_LAB to another name"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self._lock = lock

    def unlock(self) -> None:
        """Give the instance back; without effect when this process does not hold it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def mount(self) -> None:
        """Mount the state directory: a tmpfs, so that nothing outlives the machine."""
        self.state.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not is_mounted(self.state):
            options = "mode=0755,nr_inodes=0"
            command("mount", "-t", "tmpfs", "-o", options, "preflight-lab", str(self.state))
        self.images.mkdir(mode=0o755, exist_ok=True)  # QEMU reads them as a user of its own
        for path in (self.keys, self.client):
            path.mkdir(mode=0o700, exist_ok=True)

    def unmount(self) -> None:
        """Take the state directory away, with every mount below it."""
        for point in mounts_below(self.state):
            command("umount", point)
        with contextlib.suppress(FileNotFoundError):
            self.state.rmdir()
