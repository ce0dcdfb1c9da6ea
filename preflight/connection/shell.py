"""A shell at the other end of a pipe that stays open and answers one question after another.

The questions go in on its standard input. Each answer comes back on its standard output, ended by lines that carry a
token which nobody can guess, so that no file's content can end or begin a record. What a command says on its standard
error the shell holds until the command has ended (without the newlines at its end, as `$(...)` has it): one stream
and one write a record cost the host and both ends of ssh less than two streams. It writes nothing on the host, not even
a temporary file.
"""

import codecs
import contextlib
import io
import os
import signal
import subprocess
import sys
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
emit() {{ {{ e=$( eval "$2" 2>&1 >&3 3>&- </dev/null ); c=$?; }} 3>&1
printf '\n%s %s %s\n%s\n%s\n' {token} "$1" $c "$e" {token}; }}
"""


class _Answers(threading.Thread):
    """Cuts what comes on standard output into records, each of which ends with two of the token's lines.

    Between the two is what the command said on its standard error.
    """

    def __init__(self, pipe: IO[bytes], token: bytes, changed: threading.Condition) -> None:
        super().__init__(daemon=True)
        self.pipe, self.token, self.changed = pipe, token, changed
        self.records: dict[str, Record] = {}
        #: Those of which either part was longer than `RECORD_LIMIT`.
        self.too_long: set[str] = set()
        self.ended = False

    def run(self) -> None:
        with self.pipe:
            self._cut()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _cut(self) -> None:
        name, code, body = "", b"", b""
        size, too_long = 0, False
        held: list[bytes] = []
        # a line is read in pieces, but the token's lines are short and begin one
        for line in iter(lambda: self.pipe.readline(_PIECE), b""):
            if self.token in line:
                words = line.split()
                # the newline before the token's line is ours
                part = b"".join(held).removesuffix(b"\n")
                held, size = [], 0
                if len(words) == 3:
                    name, code, body = words[1].decode(), words[2], part
                else:
                    self._keep(name, Record(_text(body), int(code), _text(part)), too_long=too_long)
                    too_long = False
            elif size + len(line) <= RECORD_LIMIT:
                size += len(line)
                held.append(line)
            else:
                too_long = True

    def _keep(self, name: str, record: Record, *, too_long: bool) -> None:
        with self.changed:
            self.records[name] = record
            if too_long:
                self.too_long.add(name)
            self.changed.notify_all()


class _Complaint(threading.Thread):
    """Keeps the end of what comes on standard error: a banner, or ssh's own complaint."""

    def __init__(self, pipe: IO[bytes], changed: threading.Condition) -> None:
        super().__init__(daemon=True)
        self.pipe, self.changed = pipe, changed
        self.text = b""
        self.ended = False

    def run(self) -> None:
        with self.pipe:
            for line in iter(lambda: self.pipe.readline(_PIECE), b""):
                self.text = (self.text + line)[-4096:]
        with self.changed:
            self.ended = True
            self.changed.notify_all()


class _Shown(threading.Thread):
    """Shows a person what comes on standard error, at once, each line behind the host's name; keeps none of it.

    It is the host's banner, and what its shell says for the rest of the run.
    """

    text = b""

    def __init__(self, pipe: IO[bytes], host: str, changed: threading.Condition) -> None:
        super().__init__(daemon=True)
        self.pipe, self.host, self.changed = pipe, host, changed
        self.ended = False

    def run(self) -> None:
        # a banner may end its lines as a terminal in raw mode wants them
        decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder("utf-8")("backslashreplace"), translate=True
        )
        begins = True
        with self.pipe:
            while piece := os.read(self.pipe.fileno(), _PIECE):
                for line in decoder.decode(piece).splitlines(keepends=True):
                    print(f"{self.host}: {line}" if begins else line, end="", file=sys.stderr, flush=True)
                    begins = line.endswith("\n")
        with self.changed:
            self.ended = True
            self.changed.notify_all()


class ShellChannel:
    """A `sh -s` started by `command`, which answers within `timeout` seconds a batch or not at all.

    With `own_group` all that it started ends with it; ssh is without, since it must be able to ask at the terminal.
    With `shown_as`, what it says on standard error is shown to a person under that name, and is not kept.
    """

    def __init__(
        self,
        command: Sequence[str],
        prelude: str,
        *,
        timeout: float = 60.0,
        own_group: bool = False,
        shown_as: str | None = None,
    ) -> None:
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
        self._out = _Answers(self._process.stdout, self._token.encode(), self._changed)
        self._err: _Complaint | _Shown = (
            _Complaint(self._process.stderr, self._changed)
            if shown_as is None
            else _Shown(self._process.stderr, shown_as, self._changed)
        )
        self._out.start()
        self._err.start()
        self._write(prelude + _EMIT.format(token=self._token) + "emit hello :\n")

    def send(self, questions: Mapping[str, str], first: str = "") -> None:
        """Ask: POSIX sh commands by record name. Does not wait. What an earlier question of that name gave is gone.

        `first` is what the session itself does before; what it sets, all later questions see.
        """
        with self._changed:
            for name in questions:
                self._out.records.pop(name, None)
                self._out.too_long.discard(name)
        asked = "".join(f"emit {name} {_quote(text)}\n" for name, text in questions.items())
        self._write(f"{first}\n{asked}")

    def login(self) -> Record:
        """Wait until the shell answers: code 0, or 255 with what was said instead."""
        answers = self._await({"hello": ":"})
        if "hello" in answers.records:
            return Record("")
        return Record("", 255, self._complaint() or answers.absent["hello"])

    def receive(self, names: Mapping[str, str]) -> Answers:
        """Wait for the answers to questions that were sent. Each is given once, and then forgotten."""
        answers = self._await(names)
        with self._changed:
            for name in answers.records:
                self._out.records.pop(name, None)
        return answers

    def _await(self, names: Mapping[str, str]) -> Answers:
        deadline = time.monotonic() + self.timeout
        answers = Answers()
        with self._changed:
            while not self._answered(names) and not (self._out.ended and self._err.ended):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            for name in names:
                if name in self._out.too_long:
                    answers.absent[name] = f"the answer is longer than {RECORD_LIMIT // 1024 // 1024} MiB"
                elif name in self._out.records:
                    answers.records[name] = self._out.records[name]
                else:
                    answers.absent[name] = self._why_missing()
        return answers

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it."""
        return self._out.ended and self._process.wait() == -signal.SIGINT

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
        return all(name in self._out.records for name in names)

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
        lines = [line.strip() for line in _text(self._err.text).splitlines() if line.strip()]
        return "\n".join(lines[-5:])


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
