"""Two real shells for tests, dash and bash, each with a private directory in place of libvirt's."""

import shutil
from pathlib import Path

from preflight.collect.questions import PRELUDE
from preflight.connection.local import LocalChannel
from preflight.facts.fact import Record
from preflight.shell_text import ShellText

LIBVIRT = "/var/lib/libvirt"


class Host:
    """A shell that sees its own directory where the scripts name libvirt's. `sh` is the shell that runs them."""

    def __init__(self, root: Path, sh: str = "dash") -> None:
        self.root = root
        self.channel = LocalChannel(PRELUDE, timeout=20)
        self.asked: list[str] = []
        programs = root.parent / f"{root.name}-bin"
        programs.mkdir()
        (programs / "sh").symlink_to(shutil.which(sh) or "/bin/sh")
        self._path = f"PATH={programs}:$PATH; "

    def __call__(self, command: ShellText) -> Record:
        self.asked.append(command)
        moved = ShellText(self._path + command.replace(LIBVIRT, str(self.root)))
        self.channel.send({"run": moved})
        return self.channel.receive({"run": moved}).records["run"]

    def file(self, name: str) -> Path:
        return self.root / name
