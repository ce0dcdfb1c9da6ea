"""Makes the Debian images that hosts are overlays of: once for each recipe."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .container import ENVIRONMENT
from .machine import LabUnavailable, command
from .recipes import OPTIONS, Recipe, recipe

CACHE = Path(os.environ.get("PREFLIGHT_LAB_CACHE", "/var/cache/preflight-lab/images"))
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
TIMEOUT = 7200.0
"""Seconds until an image must be there: on two idle cores a light one takes a minute, and a built one ten."""


class ImageMissing(LabUnavailable):  # as the one it is a kind of
    """An image takes so long to build that only its own command does it."""


def image(name: str) -> Path:
    """Return the root directory of the image `name`; make it if it is missing (a minute or more, and the archive).

    An image whose libvirt is built is not made here, but by `build`: raises ImageMissing where it is not there.
    """
    made = _path(name)
    if made.is_dir():
        return made
    if recipe(name).is_built:
        raise ImageMissing(f"the image {name} takes long to build and is missing; make lab-modular builds it")
    return build(name)


def build(name: str) -> Path:
    """Return the root directory of the image `name`; make it if it is missing, however long that takes."""
    made = _path(name)
    CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
    with _only_one(name):
        if not made.is_dir():
            _make(name, recipe(name), made)
    return made


def archive() -> str:
    """The Debian archive that this machine's own apt uses; its name is written nowhere."""
    listed = command("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    for uri in listed.stdout.split():
        if uri.endswith("/debian/") and "security" not in uri:
            return uri
    raise LabUnavailable("this machine's apt has no Debian archive; try apt-get update")


def _path(name: str) -> Path:
    return CACHE / f"{name}-{recipe(name).digest()}"


def _make(name: str, made_of: Recipe, made: Path) -> None:
    """Build under a temporary name: an image is there whole, or not at all."""
    building = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=CACHE))
    try:
        building.chmod(0o755)
        if made_of.script is None:
            command(
                "mmdebstrap",
                *OPTIONS,
                f"--include={','.join(made_of.packages)}",
                made_of.release,
                str(building),
                archive(),
                timeout=TIMEOUT,
            )
        else:
            command("cp", "-a", "--", f"{image(made_of.release)}/.", str(building), timeout=TIMEOUT)
            _change(building, made_of.release, made_of.script)
        building.rename(made)
    finally:
        if building.exists():
            shutil.rmtree(building, ignore_errors=True)


def _change(root: Path, release: str, script: str) -> None:
    """Run a variant's script in the image at `root`: with the archive, with /proc, and with this machine's network."""
    uri = archive()
    etc = root / "etc"
    for name in ("resolv.conf", "hosts"):
        shutil.copy(Path("/etc", name), etc / name)
    (etc / "apt/sources.list").write_text(f"deb [signed-by={KEYS}] {uri} {release} main\n")
    # packages start nothing here, whatever they think of a root without systemd
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    settings = {"ARCHIVE": uri, "RELEASE": release, "KEYS": KEYS, "DEBIAN_FRONTEND": "noninteractive"}
    environment = [f"{name}={value}" for name, value in {**ENVIRONMENT, **settings}.items()]
    # /proc and all processes are in namespaces of their own: nothing is left when this process is killed
    inside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--root={root}", "--mount-proc"]
    command(*inside, "env", "-i", *environment, "sh", "-eu", "-c", script, timeout=TIMEOUT)
    for left in (
        policy,
        etc / "resolv.conf",
        etc / "hosts",
        etc / "apt/sources.list",
        *etc.glob("ssh/ssh_host_*_key*"),
    ):
        left.unlink(missing_ok=True)
    command("chroot", str(root), "apt-get", "clean")
    for path in (root / "var/lib/apt/lists").iterdir():
        if path.is_file():
            path.unlink()


@contextlib.contextmanager
def _only_one(name: str) -> Iterator[None]:
    """Let one process build an image at a time; the others find it when they get their turn."""
    with (CACHE / f".lock-{name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
