"""Writes down what libvirt says that happens to the guest on a host: more than a look before and after can tell."""

import re
import subprocess
import tempfile
import time
from types import TracebackType
from typing import Self

from tests.lab.host import LabHost
from tests.lab.machine import LabError

#: Seconds for which events may still be on their way.
LATE = 0.5
WATCH = ("virsh", "-q", "event", "--all", "--loop", "--timestamp")
EVENT = re.compile(r"^\S+ \S+: event 'lifecycle' for domain '[^']*': (\w+)", re.MULTILINE)


class Happenings:
    """The lifecycle events of a host's guests while it is entered, such as Resumed, Stopped, Defined."""

    def __init__(self, host: LabHost) -> None:
        self._host = host
        self._file = tempfile.TemporaryFile("w+")  # noqa: SIM115 # __exit__ reads and closes it
        self.seen: tuple[str, ...] = ()
        #: All that virsh wrote.
        self.text = ""

    def __enter__(self) -> Self:
        words = [*self._host.entering(), "stdbuf", "-oL", *WATCH]
        self._running = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self._file, stderr=self._file)
        time.sleep(LATE)  # until it listens
        if self._running.poll() is not None:
            self._file.close()
            raise LabError(f"{self._host.name}: virsh event ended")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        time.sleep(LATE)
        self._running.terminate()
        self._running.wait()
        with self._file as file:
            file.seek(0)
            self.text = file.read()
        self.seen = tuple(EVENT.findall(self.text))
