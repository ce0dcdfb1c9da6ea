"""Fills the memory of a host's running guests with data, as guests have it that have worked for a while."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.lab.host import LabHost
from tests.lab.machine import LabError

MIB = 1024 * 1024
#: Bytes at the beginning of a guest's memory and at its end that belong to its firmware and to its boot sector. SeaBIOS
#: moves itself to a place some 16 MiB below the end.
LOW, HIGH = 48 * MIB, 64 * MIB
#: A mapping of that size is the memory of a guest.
LEAST = 64 * MIB
#: Names of processes that are QEMU, also by a link.
_NAMES = ("qemu-system-x86", "qemu")
_MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw", re.MULTILINE)
#: Bytes that are written at once; no page of them is zero, and no two are alike.
_PIECE = b"".join(number.to_bytes(8, "big") * 512 for number in range(1, 4 * MIB // 4096 + 1))


def fill(host: LabHost, most: int = sys.maxsize) -> int:
    """Write to the memory of each guest that runs on a host, from outside, and return the bytes that were written.

    At most `most` bytes of each guest.
    """
    written = 0
    for pid in (pid for name in _NAMES for pid in host.processes(name)):
        with Path(f"/proc/{pid}/mem").open("r+b", buffering=0) as memory:
            for start, end in _mappings(pid):
                top = min(end - HIGH, start + LOW + most)
                for at in range(start + LOW, top, len(_PIECE)):
                    piece = _PIECE[: top - at]
                    if os.pwrite(memory.fileno(), piece, at) != len(piece):
                        raise LabError(f"{host.name}: the memory of a guest could not be written")
                    written += len(piece)
    return written


def _mappings(pid: int) -> Iterator[tuple[int, int]]:
    for found in _MAPPING.finditer(Path(f"/proc/{pid}/maps").read_text()):
        start, end = (int(one, 16) for one in found.groups())
        if end - start >= LEAST:
            yield start, end
