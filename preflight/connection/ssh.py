"""Logins with the user's own OpenSSH: one per host, shared by the shell session and libvirt's connection.

~/.ssh/config, agents, jump hosts and known_hosts apply, and host key checking is left as the user configured it. The
master connection's socket is in a directory of our own; libvirt is given a wrapper that runs ssh through it.
"""

import contextlib
import math
import os
import shlex
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from preflight.answers import Answers, Record
from preflight.connection import children
from preflight.connection.client_config import ClientConfig
from preflight.connection.shell import ShellChannel
from preflight.connection.target import Target
from preflight.errors import UserError
from preflight.shell_text import NOTHING, ShellText

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


#: Ctrl-C at a terminal reaches every process there. Preflight decides what it means for a running migration, so ssh
#: ignores it: ssh keeps ignoring a signal that was ignored at its start (client_loop, clientloop.c, OpenSSH 9.2).
_DEAF = 'trap "" INT HUP; exec "$@"'
#: Script that libvirt runs instead of ssh. An ssh that shares a login handles signals again
#: (mux_client_request_session, mux.c), so it gets a session of its own without a terminal; it never prompts anyway.
_WRAPPER = """#!/bin/sh
set -- ssh -S {control} -o ControlMaster=no -o BatchMode=yes {overrides}"$@"
! command -v setsid >/dev/null || exec setsid "$@"
exec "$@"
"""
#: Messages of ssh about a slow host: its sshd looks up names before the banner, or its PAM waits for a directory
#: service. libvirt's ssh, which has none of the limits of `_OPTIONS`, would log in.
_TOO_SLOW = ("Connection timed out during banner exchange", "not responding.")
#: Seconds that a person has to answer a prompt.
PATIENCE = 120.0


#: Seconds between two looks for the master connection's socket.
_GLANCE = 0.005
#: Files in a login's directory: the master connection's socket, and the script that libvirt runs instead of ssh.
_SOCKET, _WRAPPER_NAME = "s", "ssh"
#: The directories that still exist.
_directories: set[Path] = set()


class _Person:
    """Person at the terminal, who is asked about one host at a time, and no longer asked after Ctrl-C."""

    def __init__(self) -> None:
        self.asked = threading.Lock()
        self.left = False


_person = _Person()


class SshChannel:
    """Login to a host; `libvirt_command` is the command that libvirt runs instead of ssh to share the login."""

    def __init__(self, target: Target, prelude: str, *, timeout: float = 60.0) -> None:
        self._directory = _fresh_directory()
        self._control = self._directory / _SOCKET
        self._target, self._prelude = target, prelude
        #: Options against settings of the user's with which no command of ours would run.
        self._overrides: Sequence[str] = ()
        self._adapting, self._adapted = threading.Lock(), False
        self._wrapper = self._write_wrapper()
        self.libvirt_command: str | None = str(self._wrapper)
        #: Questions that a repeated login must send again, and whether together; none once a login has succeeded.
        self._sent: list[tuple[Mapping[str, ShellText], bool]] = []
        self._is_in = False
        self._answered = threading.Event()
        self.with_person, self.of_person = False, 0.0
        self._closed = False
        try:
            self._shell = self._start(timeout)
            self._config = ClientConfig(target)
        except BaseException:  # Ctrl-C too: nothing else knows about the directory yet
            _remove(self._directory)
            raise

    @property
    def timeout(self) -> float:
        """Timeout for a batch of answers, in seconds."""
        return self._shell.timeout

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        self._shell.timeout = seconds

    @property
    def deadline(self) -> float | None:
        """Time (`time.monotonic`) after which nothing is waited for."""
        return self._shell.deadline

    @deadline.setter
    def deadline(self, moment: float | None) -> None:
        self._shell.deadline = moment

    def login(self) -> Record:
        """Wait until the host answers. If a person could help (a password, an unknown key), ask them once."""
        self._adapt()
        answer = self._shell.login()
        if answer.code and any(words in answer.err for words in _TOO_SLOW) and (left := self._left()) > 0:
            answer = self._log_in_anew(left, batch=True)
        if answer.code and _a_person_could_help(answer.err) and _at_a_terminal():
            # from here on the time counts as the person's, also while they answer about the other host
            began, self.with_person = time.monotonic(), True
            with _person.asked:
                if not (_person.left or self._closed):
                    answer = self._ask_the_person()
            self.of_person, self.with_person = time.monotonic() - began, False
        self._is_in = answer.code == 0
        if self._is_in:
            self._sent.clear()
        self._answered.set()
        return answer

    def wait_until_shared(self) -> bool:
        """Wait until libvirt's ssh can use this login: from its socket on, while the host's shell still starts."""
        self._adapt()
        while not self._control.exists():
            if self._answered.wait(_GLANCE):
                return self._is_in
        return True

    @property
    def client_config(self) -> Record:
        """The settings of ssh's client that libvirt's ssh obeys."""
        return self._config.record

    def _adapt(self) -> None:
        """Begin the login again if ssh's settings keep it from working, so that all else can be checked."""
        with self._adapting:
            if self._adapted:
                return
            self._adapted = True
            self._overrides = self._config.overrides
            if self._overrides and not self._closed:
                self._write_wrapper()
                timeout, deadline = self.timeout, self.deadline
                self._begin_anew(timeout)
                self.deadline = deadline

    def _left(self) -> float:
        """Return the seconds that are left for this host."""
        return self.timeout if self.deadline is None else self.deadline - time.monotonic()

    def _ask_the_person(self) -> Record:
        timeout = self.timeout
        answer = self._log_in_anew(max(timeout, PATIENCE), batch=False)
        self._shell.timeout = timeout
        _person.left = self._shell.interrupted
        if answer.code and not _person.left:
            # ssh showed the reason to the person between its prompts, not to preflight, which therefore tries once more
            answer = self._log_in_anew(timeout, batch=True)
        return answer

    def _log_in_anew(self, timeout: float, *, batch: bool) -> Record:
        self._begin_anew(timeout, batch=batch, patience=math.ceil(timeout))
        return self._shell.login()

    def _begin_anew(self, timeout: float, *, batch: bool = True, patience: int = 0) -> None:
        self._shell.close()
        self._control.unlink(missing_ok=True)
        self._shell = self._start(timeout, batch=batch, patience=patience)
        for questions, together in self._sent:
            self._shell.send(questions, together=together)

    def send(self, questions: Mapping[str, ShellText], first: ShellText = NOTHING, *, together: bool = False) -> None:
        """Send questions (POSIX sh commands by record name) without waiting. The session itself runs `first` before."""
        if not self._is_in:
            self._sent.append((questions, together))
        self._shell.send(questions, first, together=together)

    def receive(self, names: Mapping[str, object]) -> Answers:
        """Wait for the answers to questions that were sent."""
        return self._shell.receive(names)

    def end(self) -> None:
        """Send no more questions."""
        self._shell.end()

    def close(self) -> None:
        """Log out and remove the socket."""
        self._closed = True
        self._answered.set()
        self._config.close()
        self._shell.close()
        _remove(self._directory)

    def _start(self, timeout: float, *, batch: bool = True, patience: int = 0) -> ShellChannel:
        """Start a login. Without `batch`, ssh may prompt the person and shows them its messages.

        With `patience`, in seconds, ssh waits at least that long for each answer of a host that is known to be there.
        """
        patient = ["-o", f"ConnectTimeout={patience}", "-o", f"ServerAliveCountMax={3 + patience // 5}"]
        command = [
            "ssh",
            *(patient if patience else ()),
            *_OPTIONS,
            *self._overrides,
            "-M",
            "-S",
            str(self._control),
            "-o",
            "ControlPersist=no",
        ]
        command += ["-o", f"BatchMode={'yes' if batch else 'no'}"]
        if self._target.port:
            command += ["-p", str(self._target.port)]
        if self._target.keyfile:
            command += ["-i", self._target.keyfile]
        if not batch:
            # ssh's own messages must precede the prompt that it shows there; it escapes text from the host
            command += ["-E", "/dev/tty"]
        command += ["--", str(self._target.ssh), "sh -s"]
        if batch:  # an ssh that prompts must end on Ctrl-C
            command = ["sh", "-c", _DEAF, "sh", *command]
        return ShellChannel(command, self._prelude, timeout=timeout, shown_as=None if batch else str(self._target.ssh))

    def _write_wrapper(self) -> Path:
        wrapper = self._directory / _WRAPPER_NAME
        control = shlex.quote(str(self._control))
        overrides = "".join(f"{word} " for word in self._overrides)
        wrapper.write_text(_WRAPPER.format(control=control, overrides=overrides))
        wrapper.chmod(0o700)
        return wrapper


def leave() -> None:
    """Leave neither directories nor processes behind; called before the process ends."""
    sweep()
    children.end()


def sweep() -> None:
    """Remove the directories that Ctrl-C left behind."""
    for directory in tuple(_directories):
        _remove(directory)


def _remove(directory: Path) -> None:
    """Remove a login's directory, with the socket and the wrapper in it."""
    with contextlib.suppress(OSError):
        for name in (_SOCKET, _WRAPPER_NAME):
            (directory / name).unlink(missing_ok=True)
        directory.rmdir()
        _directories.discard(directory)


def _fresh_directory() -> Path:
    """Create a directory that only the user can access, with a short name: a UNIX socket path has at most 107 bytes."""
    directory = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp", f"preflight-{os.urandom(5).hex()}")  # noqa: S108
    _directories.add(directory)
    try:
        directory.mkdir(mode=0o700)
    except OSError as why:
        raise UserError(
            f"{directory.parent}: cannot create a directory for ssh's socket: {why.strerror}; set XDG_RUNTIME_DIR to"
            " one that you can write to"
        ) from None
    return directory


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
