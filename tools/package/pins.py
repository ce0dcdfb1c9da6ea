"""Writes pins.txt: the releases of all libraries, for every release of Python and architecture, and their digests."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tools.package.wheels import PINS, ROOT

_HEAD = (
    "# The releases in packages for Debian, with the digests of their files: `make package-pins` writes this file.\n"
)


def write() -> Path:
    """Resolve the dependencies in pyproject.toml anew, with uv in an environment of its own; return the file's path."""
    with tempfile.TemporaryDirectory(prefix="preflight-pins-") as made:
        subprocess.run([sys.executable, "-m", "venv", made], check=True)
        subprocess.run([f"{made}/bin/pip", "--quiet", "--disable-pip-version-check", "install", "uv"], check=True)
        options = (
            "--quiet",
            "--universal",
            "--python-version",
            "3.11",
            "--generate-hashes",
            "--no-header",
            "--no-annotate",
        )
        resolved = Path(made, "pins.txt")
        command = [f"{made}/bin/uv", "pip", "compile", *options, "pyproject.toml", "--output-file", str(resolved)]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        PINS.write_text(_HEAD + resolved.read_text(encoding="utf-8"), encoding="utf-8")
    return PINS
