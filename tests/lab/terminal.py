"""A terminal with one command on it, for what a person sees and types: ssh asks only at one."""

import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tests.interrupting import hears_interrupts


class Terminal:
    """Runs a command at its own terminal; `screen` is everything that it has shown."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._own, its = pty.openpty()
        self.screen = ""
        """All that was shown so far, line ends as a terminal has them (\\r\\n)."""
        self._seen = 0
        # setsid makes the terminal the command's controlling one, so that Ctrl-C reaches it and /dev/tty is there
        self._process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *argv],
            stdin=its,
            stdout=its,
            stderr=its,
            preexec_fn=hears_interrupts,  # noqa: PLW1509 # no thread of a test's holds what it needs
        )
        os.close(its)

    def __enter__(self) -> Self:
        """Give the terminal itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the command, if it still runs: a terminal that goes away hangs up."""
        os.close(self._own)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def expect(self, text: str, timeout: float = 30) -> None:
        """Wait until `text` is shown, after what was expected before; raises TimeoutError with the screen."""
        deadline = time.monotonic() + timeout
        while text not in self.screen[self._seen :]:
            if not self._read(deadline):
                raise TimeoutError(f"{text!r} is not shown: {self.screen!r}")
        self._seen = self.screen.index(text, self._seen) + len(text)

    def type(self, text: str) -> None:
        """Press keys; Ctrl-C is "\\x03"."""
        os.write(self._own, text.encode())

    def echoes(self) -> bool:
        """Report whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._own)[3] & termios.ECHO)

    def end(self, timeout: float = 30) -> int:
        """Wait for the command to end, and return its exit code; raises TimeoutError with the screen."""
        deadline = time.monotonic() + timeout
        while self._read(deadline):
            pass
        try:
            return self._process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"it does not end: {self.screen!r}") from None

    def _read(self, deadline: float) -> bool:
        """Take in what is shown next; False when no more comes, or not in time."""
        ready, _, _ = select.select([self._own], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            more = os.read(self._own, 65536)
        except OSError:  # the last who had it open has closed it
            return False
        self.screen += more.decode("utf-8", "replace")
        return bool(more)
