"""Standard output and error as preflight writes to them: that nobody reads on, or a full disk, stops nothing halfway.

A change that is half made, or guests that are on their way, matter more than a line which cannot be shown.
"""

import io
import os
from typing import Self, TextIO


class Stream(io.TextIOWrapper):
    """A stream that takes all that is written. What could not be is told by `broken`, once, at the end."""

    #: Why what was written is not all there; None where it is, and where its reader has gone: `| head` has seen enough.
    broken: str | None = None

    @classmethod
    def instead_of(cls, stream: TextIO) -> Self:
        """The same file, written to in this way."""
        assert isinstance(stream, io.TextIOWrapper)
        encoding, lines = stream.encoding, stream.line_buffering
        return cls(stream.detach(), encoding=encoding, errors="backslashreplace", line_buffering=lines)

    def write(self, text: str, /) -> int:
        """Write it, or nothing any more."""
        try:
            return super().write(text)
        except OSError as why:
            self._give_up(why)
        return len(text)

    def flush(self) -> None:
        """Write out what is still held back, or nothing any more."""
        try:
            super().flush()
        except OSError as why:
            self._give_up(why)

    def _give_up(self, why: OSError) -> None:
        if not isinstance(why, BrokenPipeError):
            self.broken = why.strerror
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())  # for what is held back, and all that follows
        os.close(nowhere)
