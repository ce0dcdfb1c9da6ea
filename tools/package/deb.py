"""Builds the package for a release of Debian in a root of that release, which mmdebstrap makes for it alone."""

import os
import shlex
import shutil
import subprocess
import tempfile
from email.utils import formatdate
from pathlib import Path

from preflight import __version__
from tools.package import root, wheels
from tools.package.release import Release

#: The packages that a package is built and judged with.
NEEDED = (
    "binutils",
    "dpkg-dev",
    "gcc",
    "libaugeas-dev",
    "libc6-dev",
    "libvirt-dev",
    "lintian",
    "pkg-config",
    "python3-cffi",
    "python3-dev",
    "python3-setuptools",
    "python3-venv",
    "python3-wheel",
)
_HERE = Path(__file__).parent
_ROOT = wheels.ROOT
_EACH_PACKAGE = 'for one in "$1"/build/out/*.deb; do'


def build(release: Release, directory: Path) -> Path:
    """Build the package, have the release's lintian judge it, and return its path; raises `CalledProcessError`."""
    with tempfile.TemporaryDirectory(prefix="preflight-deb-") as made:
        inputs = Path(made, "build")
        _lay_out(release, inputs)
        directory.mkdir(parents=True, exist_ok=True)
        _run_in_root(release, inputs, Path(made))
        (package,) = Path(made, "out").glob("*.deb")
        return Path(shutil.copy(package, directory / package.name))


def version(release: Release) -> str:
    """Return the version of the package: lower than a package of Debian's own would have, and rising with releases."""
    return f"{__version__}-0~deb{release.number}"


def epoch() -> int:
    """Return the time that all of the package's files have: SOURCE_DATE_EPOCH, or that of the last commit."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    command = ["git", "-C", str(_ROOT), "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _lay_out(release: Release, inputs: Path) -> None:
    """Put everything that build.sh needs into one directory."""
    inputs.mkdir()
    shutil.copytree(_HERE / "debian", inputs / "debian")
    shutil.copytree(_ROOT / "examples/gates/systemd", inputs / "units")
    for path in (_HERE / "preflight", _HERE / "build.sh", _HERE / "copyright.py", wheels.PINS, _ROOT / "CHANGELOG.md"):
        shutil.copy(path, inputs)
    (inputs / "debian/changelog").write_text(_changelog(release), encoding="utf-8")
    wheels.fetch(release, inputs / "wheels")
    with tempfile.TemporaryDirectory(prefix="preflight-wheel-") as built:
        shutil.copy(wheels.own(Path(built)), inputs / "wheels")


def _changelog(release: Release) -> str:
    maintainer = next(
        line.partition(": ")[2]
        for line in (_HERE / "debian/control").read_text(encoding="utf-8").splitlines()
        if line.startswith("Maintainer: ")
    )
    return (
        f"kvm-preflight ({version(release)}) {release.name}; urgency=medium\n\n"
        f"  * Release {__version__}: see changelog.gz.\n\n"
        f" -- {maintainer}  {formatdate(epoch())}\n"
    )


def _run_in_root(release: Release, inputs: Path, made: Path) -> None:
    """Make the root, and have it build and judge the package; nothing of the root is kept."""
    settings = {"VERSION": version(release), "PYTHON": release.python, "SOURCE_DATE_EPOCH": str(epoch())}
    words = shlex.join(f"{name}={value}" for name, value in settings.items())
    hooks = (
        f"copy-in {shlex.quote(str(inputs))} /",
        f'chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root {words} sh /build/build.sh',
        f"copy-out /build/out {shlex.quote(str(made))}",
        f'{_EACH_PACKAGE} chroot "$1" lintian --allow-root --fail-on error "${{one#"$1"}}"; done',
    )
    # a root that is thrown away need not survive a power cut
    root.make(release, packages=NEEDED, hooks=hooks, options=["--dpkgopt=force-unsafe-io"])
