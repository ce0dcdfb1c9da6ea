"""Standard output and error that never end a command: a reader may go, a terminal be lost, a disk be full.

Text written there only reports. A command whose result is a text passes it to `deliver`, which reports a full disk; all
others write freely, and no write raises. No write controls the terminal either: everything goes through one gate,
`Gated`, since most of it is text of hosts and files.
"""

import contextlib
import enum
import io
import os
import re
import select
import sys
from typing import Any

from preflight.errors import UserError
from preflight.visible import CONTROL, clean

#: The colours of reports, as `output.terminal.paint` writes them: the only escape sequences that pass.
_COLOUR = re.compile(r"(\x1b\[(?:0|(?:3[1-4]|[12])(?:;(?:3[1-4]|[12]))*)m)")


class Colour(enum.StrEnum):
    """When standard output is coloured. Auto: as the environment says, otherwise on a terminal only."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Gated(io.TextIOWrapper):
    """A stream on which text of a host or a file is only text: colours pass, and no other escape sequence."""

    def write(self, text: str, /) -> int:
        """Write the text with every control character made visible, except newlines and tabs."""
        if CONTROL.search(text):
            # the parts between colours have even indexes
            super().write("".join(part if n % 2 else clean(part) for n, part in enumerate(_COLOUR.split(text))))
        else:
            super().write(text)
        return len(text)


class _Lasting(io.FileIO):
    """A descriptor that accepts every write, even one that fails; `failure` is the first failure."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        size = memoryview(data).nbytes
        try:
            written = super().write(data)
            while written is None:  # another process has set O_NONBLOCK on the file that both share
                select.select([], [self], [])
                written = super().write(data)
        except OSError as why:
            self.failure = self.failure or why
            return size
        return written


def outlast() -> None:
    """Make standard output and error such streams. A stream that the caller has closed is opened on /dev/null."""
    for descriptor, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            # the lowest free descriptor, which is the one that this stream should have
            opened = os.open(os.devnull, os.O_RDWR)
            assert opened == descriptor
            if descriptor == 0:
                sys.stdin = open(opened, encoding="utf-8")  # noqa: PTH123, SIM115 - a descriptor, kept open
    sys.stdout, sys.stderr = _lasting(1, sys.stdout), _lasting(2, sys.stderr)


def _lasting(descriptor: int, before: Any) -> Gated:
    encoding = "utf-8" if before is None else before.encoding
    if before is not None:
        with contextlib.suppress(OSError):
            before.flush()
    raw = _Lasting(descriptor, "w", closefd=False)
    # a host's name must not fail because the encoding lacks a letter
    return Gated(
        io.BufferedWriter(raw), encoding, errors="backslashreplace", line_buffering=descriptor == 2 or raw.isatty()
    )


class Ungated:
    """Standard error for `preflight.console` alone, which controls the terminal and makes each text visible itself."""

    def __init__(self) -> None:
        self._stream = sys.stderr

    def write(self, text: str, /) -> int:
        """Write the text unchanged."""
        return (
            io.TextIOWrapper.write(self._stream, text) if isinstance(self._stream, Gated) else self._stream.write(text)
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def is_coloured(choice: Colour = Colour.AUTO) -> bool:
    """Report whether text for people on standard output is coloured; the environment counts only for `Colour.AUTO`."""
    if choice is not Colour.AUTO:
        return choice is Colour.ALWAYS
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def deliver(text: str, *, for_programs: bool = False) -> None:
    """Write the result of a command to standard output; raise `UserError` if it cannot be written.

    A reader that has gone is no error: `| head` has seen enough, and the exit code is still that of the verdict. Text
    for programs is UTF-8 in every locale, as its format demands.
    """
    if for_programs and isinstance(sys.stdout, Gated):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.stdout.write(text)
    sys.stdout.flush()
    why = failure()
    if why is not None:
        raise UserError(f"standard output: {why}")


def say_waiting(whom: str) -> None:
    """Write to a terminal what preflight is waiting for; write nothing to a file."""
    if sys.stderr.isatty():
        print(f"preflight: waiting for {whom}", file=sys.stderr, flush=True)


def draws() -> bool:
    """Report whether progress is drawn: standard error is a terminal that can, and no CI server's log."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")


def failure() -> str | None:
    """Return why standard output is incomplete; None if it is complete, or if its reader has gone."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if not isinstance(raw, _Lasting) or raw.failure is None or isinstance(raw.failure, BrokenPipeError):
        return None
    return raw.failure.strerror
