"""Channel to a shell that stays open at the other end of a pipe and answers one question after another.

The questions are written to its standard input. Each answer comes back on its standard output, delimited by lines with
an unguessable token, so that the content of a file can neither end nor start a record. The shell holds back the
standard error of a command until the command has ended (without trailing newlines, as `$(...)` returns it): one stream
and one write per record cost the host and both ends of ssh less than two streams. Questions that are asked together
share a process of the host, and their standard error is held back until all of them have been answered. Nothing is
written on the host, not even a temporary file.
"""

import codecs
import contextlib
import io
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from preflight.answers import Answers, Record
from preflight.shell_text import NOTHING, ShellText, joined, of_file, shell
from preflight.units import KIB, MIB

#: Maximum size of one answer, in bytes. A longer one is not a configuration file, and is not accepted.
RECORD_LIMIT = 8 * MIB
#: Maximum number of bytes that a host may send between one question and the next, on either stream, and that its
#: answers may take in memory. A host that sends more is cut off.
TOTAL_LIMIT = 64 * MIB
#: Number of bytes that are read at once.
_PIECE = 64 * KIB
#: Maximum length of a line with the token, in bytes: three words.
_LONGEST_MARK = 1024
#: Seconds in which a shell usually exits once it has read the end of its input; and those that are left to it, and to
#: the ssh that waits for a distant host, if all answers were received after that end was sent.
_PARTING, _PARTING_ANSWERED = 0.3, 0.02
_STRANGE = "the answer is not in the format of preflight's own shell text"
_CUT_SHORT = "the session ended before this was answered"
#: The second words of lines after which no record comes: before the standard errors of a batch, and at its end.
_DISCARD, _OVER = b"-", b"."
_FLOODED = f"the host sent more than {TOTAL_LIMIT // MIB} MiB and was cut off"

_EMIT = of_file(Path(__file__).with_name("emit.sh"))
#: Has questions answered by one process.
_TOGETHER = "together=y\n{ e=$( {\n@asked@\n} 2>&1 >&3 3>&- </dev/null ); } 3>&1; told; together="


class _Flood(Exception):
    """Too much output from a host."""


class _Reader(threading.Thread):
    """Thread that reads one stream of a host to its end, or until there is too much of it.

    `cut_off` ends the session; it is called once, when more than `TOTAL_LIMIT` has been received.
    """

    def __init__(self, pipe: IO[bytes], changed: threading.Condition, cut_off: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.pipe, self.changed, self._cut_off = pipe, changed, cut_off
        self.ended = False
        self.flooded = False
        #: Bytes received since the last question.
        self.spent = 0

    def run(self) -> None:
        try:
            with self.pipe:
                self._read()
        except _Flood:
            self.flooded = True
            self._cut_off()
        except (OSError, ValueError):
            pass  # the pipe is closed
        finally:
            with self.changed:
                self.ended = True
                self.changed.notify_all()

    def _read(self) -> None:
        raise NotImplementedError

    def _pieces(self) -> Iterator[bytes]:
        # many bytes at once, however short the lines: one line per byte would cost a hundred times as much
        while piece := self.pipe.read1(_PIECE):  # type: ignore[attr-defined] # of a BufferedReader, as of a BytesIO
            self._spend(len(piece))
            yield piece

    def _spend(self, size: int) -> None:
        self.spent += size
        if self.spent > TOTAL_LIMIT:
            raise _Flood


class _Begun(NamedTuple):
    """Answer whose standard error has not arrived yet."""

    name: str
    code: bytes
    out: bytes
    too_long: bool


class _Answers(_Reader):
    """Thread that splits standard output into records: the output and a line with the token, name and code.

    The standard errors of the same records follow later in the same order, each before a line with the token alone. A
    host knows the token as soon as it has been asked something, so only the first answer to each question is kept, and
    only in this form.
    """

    def __init__(
        self, pipe: IO[bytes], token: bytes, changed: threading.Condition, cut_off: Callable[[], None]
    ) -> None:
        super().__init__(pipe, changed, cut_off)
        self.token = token
        #: Names whose answers have not arrived yet.
        self.wanted: set[str] = set()
        self.records: dict[str, Record] = {}
        #: Reasons why answers that arrived were rejected.
        self.refused: dict[str, str] = {}
        #: Records whose first token line has arrived.
        self._begun: deque[_Begun] = deque()
        #: The names of questions that were sent together, if the end of that batch has not arrived.
        self._batches: deque[tuple[str, ...]] = deque()
        self._too_long = False

    def expect(self, names: Iterable[str], *, batch: bool = False) -> None:
        """Accept an answer to each of these from now on; earlier answers of the same name are discarded.

        The shell reports the end of a `batch`.
        """
        names = tuple(names)
        for name in names:
            self.records.pop(name, None)
            self.refused.pop(name, None)
            self.wanted.add(name)
        if batch:
            self._batches.append(names)
        self.spent = 0

    def answered(self, names: Iterable[str]) -> bool:
        """Report whether each of these has an answer or a rejected one."""
        return all(name in self.records or name in self.refused for name in names)

    def unfinished(self, name: str) -> Record | None:
        """Return an answer whose standard error is held back by a later question that has not been answered."""
        for begun in self._begun:
            if begun.name == name and name in self.wanted and not begun.too_long and _is_code(begun.code):
                return Record(_text(begun.out), int(begun.code))
        return None

    def _read(self) -> None:
        held, looked = bytearray(), 0
        for piece in self._pieces():
            held += piece
            while (at := held.find(self.token, looked)) >= 0:
                end = held.find(b"\n", at)
                if end < 0:
                    if len(held) - at <= _LONGEST_MARK:
                        break
                    end = len(held)
                start = held.rfind(b"\n", 0, at) + 1
                self._take(bytes(held[:start]), bytes(held[start:end]))
                del held[: end + 1]
                looked = 0
            # the start of a token that is split between two pieces is searched again
            looked = at if at >= 0 else max(0, len(held) - len(self.token))
            if looked > RECORD_LIMIT:
                self._too_long = True
                del held[: looked - _LONGEST_MARK]
                looked = _LONGEST_MARK

    def _take(self, part: bytes, line: bytes) -> None:
        """Process one line with the token and the text before it; the newline between the two is ours."""
        words = line.split()
        too_long, self._too_long = self._too_long or len(part) > RECORD_LIMIT, False
        part = part.removesuffix(b"\n")
        if len(words) == 3 and words[0] == self.token:
            with self.changed:
                self._begun.append(_Begun(_text(words[1]), words[2], part, too_long))
            return
        if words == [self.token, _DISCARD]:
            return
        if words == [self.token, _OVER]:
            self._end_batch()
            return
        with self.changed:
            begun = self._begun.popleft() if self._begun else None
        if begun is not None and words == [self.token]:
            self._finish(begun, part.rstrip(b"\n"), too_long=too_long)
        elif begun is not None:
            self._refuse(begun.name, _STRANGE)

    def _end_batch(self) -> None:
        names = self._batches.popleft() if self._batches else ()
        for name in names:
            self._refuse(name, _CUT_SHORT)

    def _finish(self, begun: _Begun, err: bytes, *, too_long: bool) -> None:
        name = begun.name
        if name not in self.wanted:
            return
        if too_long or begun.too_long:
            self._refuse(name, f"the answer is longer than {RECORD_LIMIT // MIB} MiB")
        elif not _is_code(begun.code):
            self._refuse(name, _STRANGE)
        else:
            record = Record(_text(begun.out), int(begun.code), _text(err))
            # four bytes for each byte that is not text, or for each character of a text with an emoji
            held = sys.getsizeof(record.out) + sys.getsizeof(record.err)
            self._spend(max(0, held - len(begun.out) - len(err)))
            with self.changed:
                self.wanted.discard(name)
                self.records[name] = record
                self.changed.notify_all()

    def _refuse(self, name: str, why: str) -> None:
        with self.changed:
            if name in self.wanted:
                self.wanted.discard(name)
                self.refused[name] = why
                self.changed.notify_all()


class _Complaint(_Reader):
    """Thread that keeps the end of standard error: a banner, or ssh's own error message."""

    text = b""

    def _read(self) -> None:
        for piece in self._pieces():
            self.text = (self.text + piece)[-4096:]


class _Shown(_Reader):
    """Thread that shows standard error to a person at once, each line after the host's name, and keeps none of it.

    This is the host's banner, and later the error output of its shell.
    """

    text = b""

    def __init__(self, pipe: IO[bytes], host: str, changed: threading.Condition, cut_off: Callable[[], None]) -> None:
        super().__init__(pipe, changed, cut_off)
        self.host = host

    def _read(self) -> None:
        # a banner may use the line ends of a terminal in raw mode
        decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder("utf-8")("backslashreplace"), translate=True
        )
        begins = True
        for piece in self._pieces():
            for line in decoder.decode(piece).splitlines(keepends=True):
                print(f"{self.host}: {line}" if begins else line, end="", file=sys.stderr, flush=True)
                begins = line.endswith("\n")


class _Writer(threading.Thread):
    """Thread that writes the questions. A host that does not read blocks only this thread."""

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._texts: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def write(self, text: bytes) -> None:
        """Queue the text for writing."""
        self._texts.put(text)

    def end(self) -> None:
        """Close the pipe once everything is written or the reader is gone."""
        self._texts.put(None)

    def run(self) -> None:
        # whoever waits for the answers notices that the reader is gone
        with contextlib.suppress(OSError), self._pipe:
            for text in iter(self._texts.get, None):
                left = memoryview(text)
                while left:
                    left = left[os.write(self._pipe.fileno(), left) :]


class ShellChannel:
    """`sh -s` started by `command`, which has `timeout` seconds to answer each batch of questions.

    With `own_group`, all processes that it started end with it; ssh runs without it, since it must be able to prompt at
    the terminal. With `shown_as`, standard error is shown to a person under that name, and is not kept.
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
        self.deadline: float | None = None
        self.with_person, self.of_person = False, 0.0
        #: Timeout for a batch of answers, in seconds.
        self.timeout = timeout
        self._own_group = own_group
        self._ending = False
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
        self._in = _Writer(self._process.stdin)
        self._out = _Answers(self._process.stdout, self._token.encode(), self._changed, self._cut_off)
        self._err: _Complaint | _Shown = (
            _Complaint(self._process.stderr, self._changed, self._cut_off)
            if shown_as is None
            else _Shown(self._process.stderr, shown_as, self._changed, self._cut_off)
        )
        self._out.expect(["hello"])
        self._in.start()
        self._out.start()
        self._err.start()
        self._write(f"{prelude}\n{shell(_EMIT, token=self._token)}\ntogether=y\nemit hello : 2>&1\ntogether=\n")

    def send(self, questions: Mapping[str, ShellText], first: ShellText = NOTHING, *, together: bool = False) -> None:
        """Send questions, POSIX sh commands by record name, without waiting; earlier answers of a name are discarded.

        The session itself runs `first` before; all later questions see what it sets. Questions that are sent `together`
        see what the ones before them set, and none that exits is answered, nor those after it.
        """
        together = together and len(questions) > 1
        with self._changed:
            self._out.expect(questions, batch=together)
            self._err.spent = 0
        asked = joined(shell("emit @name@ @text@", name=name, text=str(text)) for name, text in questions.items())
        self._write(joined((first, shell(_TOGETHER, asked=asked) if together else asked, NOTHING)))

    def login(self) -> Record:
        """Wait until the shell answers: code 0, or 255 with the error message."""
        answers = self._await({"hello": ":"})
        if "hello" in answers.records:
            return Record("")
        why = answers.absent["hello"]
        said = "" if self._flooded else self._complaint()
        # while ssh still runs, its messages so far do not say why it has not logged in
        return Record("", 255, (said if self._out.ended else f"{said}\n{why}".strip()) or why)

    def receive(self, names: Mapping[str, object]) -> Answers:
        """Wait for the answers to questions that were sent. Each answer is returned only once."""
        answers = self._await(names)
        with self._changed:
            for name in answers.records:
                self._out.records.pop(name, None)
        return answers

    def _await(self, names: Mapping[str, object]) -> Answers:
        deadline = time.monotonic() + self.timeout
        if self.deadline is not None:
            deadline = min(deadline, self.deadline)
        answers = Answers()
        with self._changed:
            while not self._out.answered(names) and not (self._out.ended and self._err.ended):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            for name in names:
                if name in self._out.records:
                    answers.records[name] = self._out.records[name]
                elif (unfinished := self._out.unfinished(name)) is not None:
                    answers.records[name] = unfinished
                else:
                    answers.absent[name] = self._out.refused.get(name) or self._why_missing()
        return answers

    @property
    def interrupted(self) -> bool:
        """True if Ctrl-C ended the shell."""
        return self._out.ended and self._process.wait() == -signal.SIGINT

    def end(self) -> None:
        """Send no more questions: the shell exits after its last answer."""
        self._in.end()
        self._ending = True

    def close(self) -> None:
        """End the session; a shell that does not exit by itself is killed."""
        self._in.end()
        try:
            self._process.wait(timeout=_PARTING_ANSWERED if self._ending else _PARTING)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=0.4)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._process.wait()
        for stream in (self._out, self._err):
            stream.join(timeout=0.1)  # another process may still hold the pipe

    def _signal(self, number: signal.Signals) -> None:
        if self._own_group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
        else:
            self._process.send_signal(number)

    @property
    def _flooded(self) -> bool:
        return self._out.flooded or self._err.flooded

    def _cut_off(self) -> None:
        with contextlib.suppress(OSError):
            self._signal(signal.SIGKILL)

    def _write(self, text: str) -> None:
        self._in.write(text.encode("utf-8", "surrogateescape"))

    def _why_missing(self) -> str:
        if self._flooded:
            return _FLOODED
        if self._out.ended:
            return self._complaint() or _CUT_SHORT
        return f"no answer within {self.timeout:g} s"

    def _complaint(self) -> str:
        lines = [line.strip() for line in _text(self._err.text).splitlines() if line.strip()]
        return "\n".join(lines[-5:])


def _is_code(raw: bytes) -> bool:
    """Report whether this may be an exit code."""
    return raw.isdigit() and len(raw) <= 3


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
