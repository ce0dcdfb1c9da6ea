"""Builds a root file system with the package in it: a tar that podman or docker imports as the base of a container."""

import os
from pathlib import Path

from tools.package import deb, root
from tools.package.release import Release

#: What a container does not need; the licences of Debian's packages stay.
_LEFT_OUT = (
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
)
#: mmdebstrap's own hooks, by which packages in files are seen in the root while it is made.
_WITH_FILES = "/usr/share/mmdebstrap/hooks/file-mirror-automount"


def build(release: Release, directory: Path) -> Path:
    """Build the package unless its version is there, install it in a root of the release, and return the tar's path.

    Raises `CalledProcessError`.
    """
    package = next(directory.glob(f"kvm-preflight_{deb.version(release)}_*.deb"), None) or deb.build(release, directory)
    tar = directory / f"kvm-preflight-{deb.version(release)}-{release.name}.tar"
    os.environ.setdefault("SOURCE_DATE_EPOCH", str(deb.epoch()))  # mmdebstrap gives files no later time than that
    part = tar.with_name(f".{tar.name}")
    root.make(
        release,
        packages=[str(package)],
        # the archive's name is not recorded: whoever uses the tar names one
        hooks=['rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/* "$1"/etc/resolv.conf "$1"/etc/hostname'],
        form="tar",
        place=str(part),
        options=[f"--hook-dir={_WITH_FILES}", *(f"--dpkgopt={option}" for option in _LEFT_OUT)],
    )
    return part.rename(tar)
