"""The user's own OpenSSH: one login a host, which the shell session and libvirt's connection share.

~/.ssh/config, agents, jump hosts and known_hosts hold, and host key checking is left as the user has it. The master
connection's socket lies in a directory of our own; libvirt is given a wrapper that runs ssh through it.
"""

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from preflight.connection import Answers
from preflight.connection.shell import ShellChannel, runtime_directory
from preflight.connection.target import Target
from preflight.record import Record

_OPTIONS = (
    "-T",
    "-o", "RemoteCommand=none",
    "-o", "ClearAllForwardings=yes",
    "-o", "ForwardX11=no",
    "-o", "ForwardAgent=no",
    "-o", "PermitLocalCommand=no",
    "-o", "ConnectTimeout=10",
    "-o", "ConnectionAttempts=1",
    "-o", "ServerAliveInterval=5",
    "-o", "ServerAliveCountMax=3",
)  # fmt: skip


class SshChannel:
    """One login at a host; `libvirt_command` is what libvirt is to run as its ssh, to share the login."""

    def __init__(self, target: Target, prelude: str, *, timeout: float) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="preflight-", dir=runtime_directory()))
        self._control = self._directory / "s"
        self._target, self._prelude, self._timeout = target, prelude, timeout
        self.libvirt_command: str | None = str(self._write_wrapper())
        self._sent: dict[str, str] = {}
        self._shell = self._start(batch=True)

    def login(self) -> Record:
        """Wait until the host answers. Where a person could help (a password, an unknown key), ask them, once."""
        answer = self._shell.login()
        if answer.code and _a_person_could_help(answer.err) and _at_a_terminal():
            self._shell.close()
            self._shell = self._start(batch=False)
            self._shell.send(self._sent)
            answer = self._shell.login()
        return answer

    def send(self, questions: Mapping[str, str]) -> None:
        """Ask: POSIX sh commands by record name. Does not wait."""
        self._sent |= questions
        self._shell.send(questions)

    def receive(self, names: Mapping[str, str]) -> Answers:
        """Wait for the answers to questions that were sent."""
        return self._shell.receive(names)

    def close(self) -> None:
        """Log out and remove the socket."""
        self._shell.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _start(self, *, batch: bool) -> ShellChannel:
        command = ["ssh", *_OPTIONS, "-M", "-S", str(self._control), "-o", "ControlPersist=no"]
        command += ["-o", f"BatchMode={'yes' if batch else 'no'}"]
        if self._target.port:
            command += ["-p", str(self._target.port)]
        if self._target.keyfile:
            command += ["-i", self._target.keyfile]
        command += ["--", str(self._target.ssh), "exec sh -s"]
        # a person types at their own pace; a machine that does not answer is given up after the time limit
        return ShellChannel(command, self._prelude, timeout=self._timeout if batch else max(self._timeout, 120.0))

    def _write_wrapper(self) -> Path:
        wrapper = self._directory / "ssh"
        ssh = shlex.quote(shutil.which("ssh") or "ssh")
        control = shlex.quote(str(self._control))
        wrapper.write_text(f'#!/bin/sh\nexec {ssh} -S {control} -o ControlMaster=no -o BatchMode=yes "$@"\n')
        wrapper.chmod(0o700)
        return wrapper


def _a_person_could_help(complaint: str) -> bool:
    return "Permission denied" in complaint or "Host key verification failed" in complaint


def _at_a_terminal() -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return False
    return True
