"""Build packages: `python -m tools.package deb|container RELEASE`, or `python -m tools.package pins`."""

import subprocess
import sys
import time

from tools.package import archive, container, deb, pins
from tools.package.release import RELEASES
from tools.package.wheels import ROOT

DIST = ROOT / "dist"
_BUILDS = {"deb": deb.build, "container": container.build}


def main(what: str, *release: str) -> int:
    """Write the pins, or build one thing and print its path, its size and how long that took."""
    if what == "pins":
        print(pins.write())
        return 0
    began = time.monotonic()
    try:
        built = _BUILDS[what](RELEASES[release[0]], DIST)
    except archive.NoArchive as why:
        print(f"tools.package: {why}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as why:  # the program itself has said more
        print(f"tools.package: {why.cmd[0]}: exit code {why.returncode}", file=sys.stderr)
        return 1
    print(f"{built}: {built.stat().st_size / 1e6:.1f} MB, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
