"""Makes the Debian images that hosts are overlays of: once for each recipe."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.package import archive as sources
from tools.package.archive import KEYS

from .container import ENVIRONMENT
from .machine import LabUnavailable, command
from .recipes import OPTIONS, RECIPES, ImageName, Release, digest, script

CACHE = Path(os.environ.get("PREFLIGHT_LAB_CACHE", "/var/cache/preflight-lab/images"))
TIMEOUT = 7200.0
"""Seconds until an image must be made: on two idle cores a light one takes a minute, the slowest variant ten."""


class ImageMissing(LabUnavailable):  # a kind of it, and named like it
    """The image is a variant that nobody has built yet; the message is one line."""


def image(name: ImageName) -> Path:
    """Return the root directory of the image `name`.

    A light image is made if it is missing (a minute, and the archive). Variants take many minutes, so only `build`
    makes them: raises ImageMissing if one is missing.
    """
    made = _path(name)
    if made.is_dir():
        return made
    if RECIPES[name].base is not None:
        raise ImageMissing(f"the image {name} is not built; make lab-images builds it")
    return build(name)


def build(name: ImageName) -> Path:
    """Return the root directory of the image `name`; make it, and those that it is based on, if missing."""
    made = _path(name)
    CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
    with only_one(name):
        if not made.is_dir():
            _make(name, made)
    return made


def archive() -> str:
    """Return the Debian archive that this machine's own apt uses; its name is written nowhere."""
    try:
        return sources.archive()
    except sources.NoArchive as why:
        raise LabUnavailable(str(why)) from None


def _path(name: ImageName) -> Path:
    return CACHE / f"{name}-{digest(name)}"


def _make(name: ImageName, made: Path) -> None:
    """Build under a temporary name: an image is there whole, or not at all."""
    recipe = RECIPES[name]
    base = None if recipe.base is None else build(recipe.base)
    building = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=CACHE))
    try:
        building.chmod(0o755)
        if base is None:
            packages = f"--include={','.join(recipe.packages)}"
            command("mmdebstrap", *OPTIONS, packages, recipe.release, str(building), archive(), timeout=TIMEOUT)
        else:
            command("cp", "-a", "--", f"{base}/.", str(building), timeout=TIMEOUT)
            _change(building, recipe.release, script(name))
        building.rename(made)
    finally:
        if building.exists():
            shutil.rmtree(building, ignore_errors=True)


def _change(root: Path, release: Release, variant: str) -> None:
    """Run the script of a variant in the image at `root`, with Debian's archive and this machine's network.

    Its processes have a /proc of their own and end with this process.
    """
    uri = archive()
    etc = root / "etc"
    policy = root / "usr/sbin/policy-rc.d"
    sources = etc / "apt/sources.list"
    for name in ("resolv.conf", "hosts"):
        shutil.copy(Path("/etc", name), etc / name)
    sources.write_text(f"deb [signed-by={KEYS}] {uri} {release} main\n")
    policy.write_text("#!/bin/sh\nexit 101\n")  # packages must not start anything
    policy.chmod(0o755)
    settings = {"ARCHIVE": uri, "RELEASE": release, "KEYS": KEYS, "DEBIAN_FRONTEND": "noninteractive"}
    environment = [f"{name}={value}" for name, value in {**ENVIRONMENT, **settings}.items()]
    inside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--root={root}", "--mount-proc"]
    # a failing program may have written the reason to either output
    command(*inside, "env", "-i", *environment, "sh", "-c", f"exec 2>&1\n{variant}", timeout=TIMEOUT)
    command("chroot", str(root), "apt-get", "clean")
    # Each host has its own host keys; the archive's name must not be recorded.
    lists = (path for path in (root / "var/lib/apt/lists").iterdir() if path.is_file())
    for left in (policy, etc / "resolv.conf", etc / "hosts", sources, *etc.glob("ssh/ssh_host_*_key*"), *lists):
        left.unlink(missing_ok=True)


@contextlib.contextmanager
def only_one(name: str) -> Iterator[None]:
    """Let one process build an image at a time; the others find it when they get their turn."""
    with (CACHE / f".lock-{name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
