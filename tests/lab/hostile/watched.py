"""All that is on an honest host's disk beyond its image, so that what was written there is seen, whoever wrote it."""

import contextlib
import hashlib
import os
import re
import stat
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.hostile.canary import MARKS
from tests.lab.host import LabHost

#: What a host writes by itself: logs, caches, systemd's state, and libvirt's of guests that run.
OWN = re.compile(
    r"var/(log|cache|tmp)(/|$)|var/lib/(systemd|dbus|private|apt|dpkg)(/|$)|(run|tmp|dev|proc|sys)(/|$)|root/\.cache(/|$)"
    r"|var/lib/libvirt/qemu/(domain-\d|channel|ram|capabilities|checkpoint|snapshot|dump|save|varstore|dbus|slirp|passt)"
    r"|etc/\.updated|var/\.updated|var/lib/libvirt/(dnsmasq|lockd|network|sanlock)(/|$)"
)
_MARKS = 'for f do [ ! -e "$f" ] && [ ! -L "$f" ] || { echo "$f"; rm -rf -- "$f"; }; done'

Files = Mapping[str, str]


def files(host: LabHost) -> Files:
    """By path what differs from the image: kind, mode, owner, content or target. No times."""
    upper = host.written()
    return {path: _described(upper / path) for path in _paths(upper) if not OWN.match(path)}


def changes(before: Files, after: Files) -> Iterator[str]:
    """Yield the paths that came, changed or went, with what they are now."""
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield f"/{path}: {after.get(path, 'gone')}"


class Peak(threading.Thread):
    """Watches how many bytes lie in libvirt's directory of a host at most: a file may be gone again in the end."""

    def __init__(self, host: LabHost) -> None:
        super().__init__(daemon=True)
        self._at = host.written() / "var/lib/libvirt"
        self._over = threading.Event()
        self.most = 0

    def run(self) -> None:
        """Look, five times a second, until `end`."""
        while not self._over.wait(0.2):
            self.most = max(self.most, self._now())

    def end(self) -> int:
        """Stop, and give the most that was there."""
        self._over.set()
        self.join()
        return self.most

    def _now(self) -> int:
        total = 0
        for directory, _, names in os.walk(self._at):
            for name in names:
                with contextlib.suppress(OSError):  # it went away
                    total += Path(directory, name).lstat().st_blocks * 512
        return total


def marks(host: LabHost) -> Iterator[str]:
    """Yield a line for each mark of an attacker on the host; they are taken away."""
    told = host.run("sh", "-c", _MARKS, "sh", *map(str, MARKS), check=False)
    yield from (f"an attacker's text was run on {host.name}: {mark} is there" for mark in told.stdout.split())


def _paths(upper: Path) -> Iterator[str]:
    for directory, below, names in os.walk(upper):
        at = os.path.relpath(directory, upper)
        prefix = "" if at == "." else f"{at}/"
        yield from (prefix + name for name in (*below, *names))


def _described(path: Path) -> str:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return "gone meanwhile"
    kind = stat.filemode(found.st_mode)
    if stat.S_ISDIR(found.st_mode):
        return f"{kind} {found.st_uid}:{found.st_gid}"
    if stat.S_ISLNK(found.st_mode):
        return f"{kind} to {path.readlink()}"
    if not stat.S_ISREG(found.st_mode):
        return f"{kind} device {found.st_rdev}"
    content = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return f"{kind} {found.st_uid}:{found.st_gid} {found.st_size} bytes {content}"
