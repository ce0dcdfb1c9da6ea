"""A host for a shell function: programs and directories of a test's own, and one of the shells that `sh` may be."""

import subprocess
from pathlib import Path

from preflight.collect.questions import PRELUDE
from preflight.shell_text import Value, shell

#: What `sh` is on Debian, and on Red Hat's systems.
SHELLS = ("dash", "bash --posix")


class Host:
    """Runs shell text; `sh` is the shell, and what it has of its own lies below `root`."""

    def __init__(self, sh: str, root: Path) -> None:
        self.root = root
        self._shell = sh.split()
        self._programs = root / "programs"
        self._programs.mkdir()
        self._moved: list[str] = []

    def has_program(self, name: str, script: str) -> None:
        """Put a program in place of the machine's own."""
        path = self._programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)

    def has_directory(self, path: str) -> Path:
        """Put a private directory in place of the machine's, and return its path."""
        self._moved.append(path)
        where = Path(f"{self.root}{path}")
        where.mkdir(parents=True)
        return where

    def run(
        self, call: str, *, functions: str = PRELUDE, as_root: bool = True, given: str = "", **values: Value
    ) -> subprocess.CompletedProcess[str]:
        """Call functions of a text with these values at the call's marks; with `as_root` the login is root's."""
        text = shell(f"{functions}\nuid=@uid@\n{call}", uid=0 if as_root else 1000, **values)
        for path in self._moved:
            text = type(text)(text.replace(path, f"{self.root}{path}"))
        return subprocess.run(
            [*self._shell, "-c", text],
            input=given,
            env={"PATH": f"{self._programs}:/usr/sbin:/usr/bin:/sbin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )

    def says(self, call: str, *, as_root: bool = True, **values: Value) -> str:
        """Return what the call prints; it succeeds, and complains of nothing."""
        done = self.run(call, as_root=as_root, **values)  # type: ignore[arg-type] # no value is called as a parameter is
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout
