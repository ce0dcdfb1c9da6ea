"""The wheel of preflight, and the files of the libraries in its package, each of the release and digest that is pinned.

This machine's pip fetches them, with its own settings. Nothing is fetched in the root in which a package is built.
"""

import platform
import subprocess
import sys
from pathlib import Path

from tools.package.release import Release

ROOT = Path(__file__).parents[2]
PINS = Path(__file__).with_name("pins.txt")
#: The libraries that are built against those of the release.
BUILT = "libvirt-python,python-augeas"


def own(directory: Path) -> Path:
    """Build the sdist of this checkout, and of that the wheel; return the wheel."""
    _run("build", "--no-isolation", "--outdir", str(directory), str(ROOT))
    (wheel,) = directory.glob("*.whl")
    return wheel


def fetch(release: Release, directory: Path) -> None:
    """Fetch a wheel of each library for a release, and the source of those that are built."""
    machine = platform.machine()
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(17, release.glibc + 1)]
    platforms = [word for tag in (*tags, f"manylinux2014_{machine}") for word in ("--platform", tag)]
    options = ["--no-deps", "--require-hashes", "--python-version", release.python, *platforms, "--no-binary", BUILT]
    _run(
        "pip", "--disable-pip-version-check", "download", "--quiet", *options, "--dest", str(directory), "-r", str(PINS)
    )


def _run(module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], check=True, stdout=subprocess.DEVNULL)
