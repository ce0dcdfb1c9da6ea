"""A shell at the other end of a pipe that stays open and answers one question after another.

The questions go in on its standard input. Each answer comes back on its standard output and standard error between
two lines that carry a token which nobody can guess, so that no file's content can end or begin a record. It writes
nothing on the host, not even a temporary file.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO

from preflight.connection import Answers
from preflight.record import Record

#: Bytes of one answer that are kept. What is longer is no configuration file, and not taken for a whole answer.
RECORD_LIMIT = 8 * 1024 * 1024
#: Bytes that are read at once of a line without an end.
_PIECE = 64 * 1024

_EMIT = r"""
emit() {{ printf '\n%s begin %s\n' {token} "$1"; printf '\n%s begin %s\n' {token} "$1" >&2
( eval "$2" ) </dev/null; c=$?
printf '\n%s end %s\n' {token} "$c"; printf '\n%s end %s\n' {token} "$c" >&2; }}
"""


class _Stream(threading.Thread):
    """Cuts one of the two streams into the pieces between the token's lines."""

    def __init__(self, pipe: IO[bytes], token: bytes, changed: threading.Condition) -> None:
        super().__init__(daemon=True)
        self.pipe, self.token, self.changed = pipe, token, changed
        self.pieces: dict[str, tuple[bytes, int]] = {}
        #: The records that were longer than `RECORD_LIMIT`.
        self.too_long: set[str] = set()
        #: What came outside of any record: a banner, or ssh's own complaint.
        self.noise = b""
        self.ended = False

    def run(self) -> None:
        with self.pipe:
            self._cut()

    def _cut(self) -> None:
        name, size = "", 0
        held: list[bytes] = []
        # a line is read in pieces, but the token's lines are short and begin one
        for line in iter(lambda: self.pipe.readline(_PIECE), b""):
            if self.token in line:
                words = line.split()
                if words[1:2] == [b"begin"]:
                    self.noise += b"".join(held)[:4096]
                    name, held, size = words[2].decode(), [], 0
                elif words[1:2] == [b"end"]:
                    self._keep(name, held, int(words[2]))
                    name, held, size = "", [], 0
            else:
                size += len(line)
                if size <= RECORD_LIMIT:
                    held.append(line)
                else:
                    self.too_long.add(name)
        with self.changed:
            self.noise += b"".join(held)[-4096:]
            self.ended = True
            self.changed.notify_all()

    def _keep(self, name: str, held: list[bytes], code: int) -> None:
        # the newline before the token's line is ours
        body = b"".join(held)
        with self.changed:
            self.pieces[name] = (body[:-1] if body.endswith(b"\n") else body, code)
            self.changed.notify_all()


class ShellChannel:
    """A `sh -s` started by `command`, which answers within `timeout` seconds a batch or not at all.

    With `own_group` all that it started ends with it; ssh is without, since it must be able to ask at the terminal.
    """

    def __init__(self, command: Sequence[str], prelude: str, *, timeout: float = 60.0, own_group: bool = False) -> None:
        self._token = os.urandom(16).hex()
        #: Seconds that a batch of answers may take.
        self.timeout = timeout
        self._own_group = own_group
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0 if own_group else None,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin = self._process.stdin
        self._out = _Stream(self._process.stdout, self._token.encode(), self._changed)
        self._err = _Stream(self._process.stderr, self._token.encode(), self._changed)
        self._out.start()
        self._err.start()
        self._write(prelude + _EMIT.format(token=self._token) + "emit hello :\n")

    def send(self, questions: Mapping[str, str]) -> None:
        """Ask: POSIX sh commands by record name. Does not wait. What an earlier question of that name gave is gone."""
        with self._changed:
            for stream in (self._out, self._err):
                for name in questions:
                    stream.pieces.pop(name, None)
                    stream.too_long.discard(name)
        self._write("".join(f"emit {name} {_quote(text)}\n" for name, text in questions.items()))

    def login(self) -> Record:
        """Wait until the shell answers: code 0, or 255 with what was said instead."""
        answers = self.receive({"hello": ":"})
        if "hello" in answers.records:
            return Record("")
        return Record("", 255, self._complaint() or answers.absent["hello"])

    def receive(self, names: Mapping[str, str]) -> Answers:
        """Wait for the answers to questions that were sent."""
        deadline = time.monotonic() + self.timeout
        answers = Answers()
        with self._changed:
            while not self._answered(names) and not (self._out.ended and self._err.ended):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            for name in names:
                if name in self._out.pieces and name in self._err.pieces:
                    (out, code), (err, _) = self._out.pieces[name], self._err.pieces[name]
                    if name in self._out.too_long:
                        answers.absent[name] = f"the answer is longer than {RECORD_LIMIT // 1024 // 1024} MiB"
                    else:
                        answers.records[name] = Record(_text(out), code, _text(err))
                else:
                    answers.absent[name] = self._why_missing()
        return answers

    def close(self) -> None:
        """End the session; a shell that does not end by itself is killed."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        try:
            self._process.wait(timeout=0.3)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._process.wait()
        for stream in (self._out, self._err):
            stream.join(timeout=2)

    def _signal(self, number: signal.Signals) -> None:
        if self._own_group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
        else:
            self._process.send_signal(number)

    def _answered(self, names: Mapping[str, str]) -> bool:
        return all(name in self._out.pieces and name in self._err.pieces for name in names)

    def _write(self, text: str) -> None:
        try:
            self._stdin.write(text.encode("utf-8", "surrogateescape"))
            self._stdin.flush()
        except OSError:
            pass  # the shell is gone; receive() says so

    def _why_missing(self) -> str:
        if self._out.ended:
            return self._complaint() or "the session ended before this was answered"
        return f"no answer within {self.timeout:g} s"

    def _complaint(self) -> str:
        lines = [line.strip() for line in _text(self._err.noise).splitlines() if line.strip()]
        return "\n".join(lines[-5:])


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
