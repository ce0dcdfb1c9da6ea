"""Runs mmdebstrap, which makes the root file system of a release and runs commands in it."""

import os
import subprocess
from collections.abc import Iterable

from tools.package.archive import KEYS, archive
from tools.package.release import Release

#: A format of mmdebstrap: nothing of the root is kept but what a hook copies out of it.
NOTHING = "null"


def make(
    release: Release,
    *,
    packages: Iterable[str] = (),
    hooks: Iterable[str] = (),
    form: str = NOTHING,
    place: str = "/dev/null",
    options: Iterable[str] = (),
) -> None:
    """Make the root of a release with these packages, and run the hooks in it; raises `CalledProcessError`.

    A hook is a shell command in which "$1" is the root. As root this needs nothing, else user namespaces.
    """
    # in a namespace of its own no mount outlives it, however it ends; without root it makes one itself
    command = ["unshare", "--mount"] if os.geteuid() == 0 else []
    command += ["mmdebstrap", "--quiet", "--variant=minbase", f"--format={form}", f"--keyring={KEYS}"]
    command += ['--aptopt=APT::Install-Recommends "false"', *options]
    command += [f"--include={','.join(packages)}"] if packages else []
    command += [f"--customize-hook={hook}" for hook in hooks]
    subprocess.run([*command, release.name, place, archive()], check=True, stdin=subprocess.DEVNULL)
