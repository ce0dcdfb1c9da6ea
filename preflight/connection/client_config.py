"""Settings of ssh's client that a login of preflight's own overrides, but libvirt's ssh does not.

`ssh -G` prints them without connecting. It runs beside the login, which does not wait for it.
"""

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from preflight.answers import Record
from preflight.connection.target import Target

#: Seconds that it may take: Match exec runs a command, and CanonicalizeHostname asks DNS.
PATIENCE = 10.0
#: What is kept of the answer; the rest is nobody's business.
_KEPT = frozenset(
    (
        "controlmaster", "controlpath", "localcommand", "permitlocalcommand", "remotecommand", "sessiontype",
        "stdinnull",
    )
)  # fmt: skip
#: Commands, of which the arguments may be secrets, and what a shell reads as more than an argument.
_COMMANDS = frozenset(("localcommand", "remotecommand"))
_SHELLS_OWN = re.compile(r"[;&|`(){}<>$\\]")
_LONGEST_WORD = 40
_REDIRECTS = (">", ">>", "1>", "2>", "&>")
#: The settings with which no command of ours would run or be read, the options that override them, and their harmless
#: values. ssh knows an option if it prints the setting; it refuses to start for one that it does not know.
_OVERRIDDEN: Mapping[str, tuple[str, frozenset[str]]] = {
    "sessiontype": ("SessionType=default", frozenset(("default",))),
    "stdinnull": ("StdinNull=no", frozenset(("no",))),
    "remotecommand": ("RemoteCommand=none", frozenset(("none",))),
}


class ClientConfig:
    """The question to ssh, which has been started, and its answer."""

    def __init__(self, target: Target) -> None:
        port = ["-p", str(target.port)] if target.port else []
        self._said: str | None = None
        self._reading = threading.Lock()
        self.failure = ""
        try:
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
                ["ssh", "-G", "-T", *port, "--", str(target.ssh)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                process_group=0,
            )
        except OSError as why:  # the login says so too
            self._process, self.failure = None, f"ssh: {why.strerror}"

    @property
    def record(self) -> Record:
        """The settings that were kept, and the state of the directory of ControlPath; code 255 if they are unknown."""
        settings = self._settings()
        if self.failure:
            return Record("", 255, self.failure)
        shown = ((name, _without_arguments(value) if name in _COMMANDS else value) for name, value in settings.items())
        lines = [f"{name} {value}\n" for name, value in shown]
        path = settings.get("controlpath", "none")
        if path != "none" and settings.get("controlmaster") != "false":
            lines.append(f"directory {_state_of(Path(path).parent)}\n")
        return Record("".join(lines))

    @property
    def overrides(self) -> Sequence[str]:
        """The options without which a login would not work; none if the settings are harmless or unknown."""
        settings = self._settings()
        needed = (option for name, (option, good) in _OVERRIDDEN.items() if settings.get(name, *good) not in good)
        return [word for option in needed for word in ("-o", option)]

    def close(self) -> None:
        """End it, with what it has started."""
        if self._process is not None and self._said is None:
            self._kill(self._process)
            self._settings()

    @staticmethod
    def _kill(process: "subprocess.Popen[bytes]") -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def _settings(self) -> Mapping[str, str]:
        with self._reading:
            if self._process is not None and self._said is None:
                self._said, self.failure = self._read(self._process)
        said = (line.partition(" ")[::2] for line in (self._said or "").splitlines())
        return {name: value for name, value in said if name in _KEPT}

    def _read(self, process: "subprocess.Popen[bytes]") -> tuple[str, str]:
        """Wait for the answer; return it, and why it is unknown."""
        try:
            out, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._kill(process)
            process.communicate()
            return "", f"ssh -G did not end within {PATIENCE:g} s"
        if process.returncode:  # the login says why
            return "", f"ssh -G: exit code {process.returncode}"
        return out.decode("utf-8", "backslashreplace"), ""


def _without_arguments(command: str) -> str:
    """Return a command with marks in place of its arguments; what is redirected is left, and to where."""
    kept: list[str] = []
    before = ""
    for word in command.split():
        if not kept or before in _REDIRECTS or (_SHELLS_OWN.search(word) and len(word) < _LONGEST_WORD):
            kept.append(word)
        elif kept[-1] != "...":
            kept.append("...")
        before = word
    return " ".join(kept)


def _state_of(directory: Path) -> str:
    """Return a word for what a program finds that would make a socket in a directory."""
    if not directory.is_dir():
        return "missing"
    return "open" if os.access(directory, os.W_OK | os.X_OK) else "closed"
