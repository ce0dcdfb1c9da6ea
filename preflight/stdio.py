"""Standard output and error, which never end what preflight is at: a reader may go, a terminal be lost, a disk be full.

What is written there is told, not done. A command whose work is a text hands it to `deliver`, which says of a disk that
is full; all others write as they please, and no write raises. Nor does any steer the terminal: all that is written
goes through one gate, `Gated`, since most of it is what hosts and files say.
"""

import contextlib
import io
import os
import re
import select
import sys
from typing import Any

from preflight.errors import UserError
from preflight.visible import CONTROL, clean

#: The colours of reports, as `output.terminal.paint` writes them, the only sequences that pass.
_COLOUR = re.compile(r"(\x1b\[(?:0|(?:3[1-4]|[12])(?:;(?:3[1-4]|[12]))*)m)")


class Gated(io.TextIOWrapper):
    """A stream on which nothing that a host or a file says is more than text: it can colour, and no more."""

    def write(self, text: str, /) -> int:
        """Write the text with every control character made visible, but for newlines and tabs."""
        if CONTROL.search(text):
            # what is between two colours stands at even places
            super().write("".join(part if n % 2 else clean(part) for n, part in enumerate(_COLOUR.split(text))))
        else:
            super().write(text)
        return len(text)


class _Lasting(io.FileIO):
    """A descriptor that takes whatever is written, whether it goes on or not; `failure` is the first that did not."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        size = memoryview(data).nbytes
        try:
            written = super().write(data)
            while written is None:  # another process has set O_NONBLOCK on what it shares with this one
                select.select([], [self], [])
                written = super().write(data)
        except OSError as why:
            self.failure = self.failure or why
            return size
        return written


def outlast() -> None:
    """Make this process's output and error such streams. One that the caller has closed is opened to nowhere."""
    for descriptor, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            # the lowest descriptor that is free, which is the one that this stream should have
            opened = os.open(os.devnull, os.O_RDWR)
            assert opened == descriptor
            if descriptor == 0:
                sys.stdin = open(opened, encoding="utf-8")  # noqa: PTH123, SIM115 - a descriptor, for good
    sys.stdout, sys.stderr = _lasting(1, sys.stdout), _lasting(2, sys.stderr)


def _lasting(descriptor: int, before: Any) -> Gated:
    encoding = "utf-8" if before is None else before.encoding
    if before is not None:
        with contextlib.suppress(OSError):
            before.flush()
    raw = _Lasting(descriptor, "w", closefd=False)
    # a host's name must not fail for want of a letter
    return Gated(
        io.BufferedWriter(raw), encoding, errors="backslashreplace", line_buffering=descriptor == 2 or raw.isatty()
    )


class Ungated:
    """Standard error for `output.run.console` alone, which steers the terminal, and gates each text by itself."""

    def __init__(self) -> None:
        self._stream = sys.stderr

    def write(self, text: str, /) -> int:
        """Write the text as it is."""
        return (
            io.TextIOWrapper.write(self._stream, text) if isinstance(self._stream, Gated) else self._stream.write(text)
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def deliver(text: str) -> None:
    """Write what a command was run for to standard output; raises `UserError` where it cannot be written.

    Not where its reader has gone: `| head` has seen enough, and the exit code is still the verdict's.
    """
    sys.stdout.write(text)
    sys.stdout.flush()
    why = failure()
    if why is not None:
        raise UserError(f"standard output: {why}")


def say_waiting(whom: str) -> None:
    """Write for who sits at a terminal what is being waited for; to a file, nothing."""
    if sys.stderr.isatty():
        print(f"preflight: waiting for {whom}", file=sys.stderr, flush=True)


def failure() -> str | None:
    """Why what was written to standard output so far is not all there; None where it is, or its reader has gone."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if not isinstance(raw, _Lasting) or raw.failure is None or isinstance(raw.failure, BrokenPipeError):
        return None
    return raw.failure.strerror
