"""Makes the Debian images that hosts are overlays of: once for each recipe."""

import contextlib
import fcntl
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .machine import LabUnavailable, command
from .recipes import Recipe, recipe

CACHE = Path(os.environ.get("PREFLIGHT_LAB_CACHE", "/var/cache/preflight-lab/images"))
TIMEOUT = 7200.0
"""Seconds until an image must be there: on two idle cores a light one takes a minute, an installed one three, and one
whose libvirt is built ten."""


class ImageMissing(LabUnavailable):  # as the one it is a kind of
    """An image takes so long to build that only its own command does it."""


def image(name: str) -> Path:
    """Return the root directory of the image `name`; make it if it is missing (a minute or more, and the archive).

    An image whose libvirt is built is not made here, but by `build`: raises ImageMissing where it is not there.
    """
    made = _path(name)
    if made.is_dir():
        return made
    if recipe(name).built_by:
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
    uri, script = archive(), made_of.script()
    sources = [uri] if not made_of.suites else [f"deb {uri} {suite} main" for suite in _suites(made_of)]
    try:
        building.chmod(0o755)
        command(
            "mmdebstrap",
            # before the other hooks, of which one takes the archive away
            *([f'--customize-hook=sh {shlex.quote(str(script))} "$1" {uri} {made_of.release}'] if script else []),
            *made_of.options,
            f"--include={','.join(made_of.packages)}",
            made_of.release,
            str(building),
            *sources,
            timeout=TIMEOUT,
        )
        building.rename(made)
    finally:
        if building.exists():
            shutil.rmtree(building, ignore_errors=True)


def _suites(made_of: Recipe) -> tuple[str, ...]:
    return (made_of.release, *made_of.suites)


@contextlib.contextmanager
def _only_one(name: str) -> Iterator[None]:
    """Let one process build an image at a time; the others find it when they get their turn."""
    with (CACHE / f".lock-{name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
