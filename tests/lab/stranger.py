"""A clean machine of a Debian release on which somebody installs preflight's package, in the lab's network."""

import hashlib
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from tools.package import root as made
from tools.package.release import Release

from . import rootfs
from .client import Client
from .container import ENVIRONMENT
from .image import CACHE
from .instance import Instance
from .keys import Keys
from .machine import LabError, command, mounts_below
from .network import hosts_file

#: What dpkg writes about itself, and caches; dates of the installation among them.
_OF_DPKG = re.compile(r"/(?:var/lib/(?:dpkg|apt)|var/log|var/cache|etc/ld\.so\.cache|run|proc|sys|dev|tmp)(?:/|$)")
_ENTER = 'mount -t proc proc /proc && exec "$@"'


def clean_root(release: Release, package: Path) -> Path:
    """Return a root of the release with the packages that this one depends on, and nothing else; make it if missing.

    It is kept, under a name that changes with the dependencies.
    """
    depends = command("dpkg-deb", "--field", str(package), "Depends").stdout
    names = sorted({one.split()[0] for one in depends.split(",")})
    digest = hashlib.sha256(" ".join((release.name, *names)).encode()).hexdigest()[:12]
    place = CACHE / f"{release.name}-clean-{digest}"
    if not place.is_dir():
        CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{release.name}-clean-", dir=CACHE))
        try:
            hooks = ['rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/* "$1"/etc/resolv.conf']
            quick = ["--dpkgopt=force-unsafe-io"]
            made.make(release, packages=names, hooks=hooks, form="directory", place=str(building), options=quick)
            building.chmod(0o755)
            building.rename(place)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return place


class Stranger:
    """The machine: a copy of `lower` that takes writes, with the keys and the network of the lab's client."""

    def __init__(self, instance: Instance, client: Client, lower: Path, hosts: list[str]) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="stranger-", dir=instance.state))
        self.root = self._directory / "root"
        for name in ("upper", "work", "root"):
            (self._directory / name).mkdir(mode=0o755)
        self._directory.chmod(0o755)
        layers = f"lowerdir={lower},upperdir={self._directory}/upper,workdir={self._directory}/work"
        command("mount", "-t", "overlay", "-o", layers, "preflight-lab", str(self.root))
        (self.root / "etc/hosts").write_text(hosts_file(hosts))
        (self.root / "etc/hostname").write_text("stranger\n")
        rootfs.write_login(self.root / "root/.ssh", Keys(instance.keys).login("client", hosts))
        self._namespace = instance.namespace("client")

    def run(self, *argv: str, codes: tuple[int, ...] = (0,), timeout: float = 600) -> str:
        """Run a command as root on the machine, and return what it wrote; raises LabError for any other exit code."""
        environment = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        enter = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            f"--root={self.root}",
            "sh",
            "-c",
            _ENTER,
            "sh",
        ]
        done = command(
            "ip",
            "netns",
            "exec",
            self._namespace,
            *enter,
            "env",
            "-i",
            *environment,
            *argv,
            check=False,
            timeout=timeout,
        )
        if done.returncode not in codes:
            raise LabError(f"{' '.join(argv)}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def install(self, package: Path, *, codes: tuple[int, ...] = (0,)) -> str:
        """Install a package from its file, as dpkg does, and return what that said."""
        shutil.copy(package, self.root / "root")
        try:
            return self.run("dpkg", "--install", f"/root/{package.name}", codes=codes)
        finally:
            (self.root / "root" / package.name).unlink()

    def files(self) -> dict[str, str]:
        """Return every file and directory of the machine with what it is, except what dpkg keeps about packages."""
        found = {}
        for directory, names, files in os.walk(self.root):
            for name in (*names, *files):
                path = Path(directory, name)
                inside = f"/{path.relative_to(self.root)}"
                if not _OF_DPKG.match(inside):
                    found[inside] = _what(path)
        return found

    def remove(self) -> None:
        """Throw the machine away."""
        for point in mounts_below(self.root):
            command("umount", point)
        shutil.rmtree(self._directory)


def _what(path: Path) -> str:
    status = path.lstat()
    kind = stat.filemode(status.st_mode)
    if stat.S_ISREG(status.st_mode):
        return f"{kind} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return f"{kind} {path.readlink()}" if stat.S_ISLNK(status.st_mode) else kind
