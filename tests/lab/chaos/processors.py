"""The kernel's word on whether a guest really runs: the time for which the threads of its virtual CPUs have run.

It asks neither libvirt nor QEMU nor the network, so it answers whatever a fault did to them.
"""

import contextlib
from pathlib import Path

from msgspec import Struct

from tests.lab.host import LabHost

#: How often the processors of a guest that has never run are given the machine while QEMU sets them up: at most
#: about 20 times, counted. Below this nothing can be told.
SET_UP = 60


class Processors(Struct, frozen=True):
    """The virtual processors of one guest on one host, added up.

    `pid` is QEMU's process, `slices` how often the machine was given to them, `queued` whether one waits for it now.
    """

    pid: int
    slices: int
    queued: bool

    def ran_since(self, before: "Processors", times: int = 1) -> bool:
        """Report whether they were scheduled this many times since an earlier look at the same process."""
        return self.pid == before.pid and self.slices - before.slices >= times


def seen_on(host: LabHost) -> dict[str, Processors]:
    """Return each guest that has a QEMU process on the host, by its name."""
    found: dict[str, Processors] = {}
    for pid in host.processes("qemu-system-x86"):
        with contextlib.suppress(OSError, ValueError):  # it has ended since
            name = _guest(pid)
            if name is not None:
                found[name] = _count(pid)
    return found


def _guest(pid: int) -> str | None:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    if "-name" not in words:  # libvirt asks a QEMU without guest what it can do
        return None
    name = words[words.index("-name") + 1].split(",")[0]
    return name.removeprefix("guest=") if name.startswith("guest=") else None


def _count(pid: int) -> Processors:
    slices, queued = 0, False
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if (thread / "comm").read_text().startswith("CPU "):
                slices += int((thread / "schedstat").read_text().split()[2])
                queued = queued or (thread / "stat").read_text().rpartition(")")[2].split()[0] == "R"
    return Processors(pid, slices, queued)
