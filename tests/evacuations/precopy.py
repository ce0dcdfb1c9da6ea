"""The data of a live migration, read from the literature and QEMU's source once more. Imports nothing of preflight.

The memory M goes at R MiB/s while the guest dirties D of it a second, until what is left fits A = R * 0.3 s and the
guest stops: M - A is made up at R - D, so R (M - A) / (R - D) + A are sent.
"""

import math

from .generate import Json

#: MiB/s of one stream; seconds that QEMU takes to start and to hand over; MiB/s at which untouched memory is looked at.
STREAM, QUIET, HAND_OVER, SCAN = 1100.0, 0.5, 0.05, 16000.0
#: Default of the downtime that QEMU allows, in seconds.
DOWNTIME = 0.3


def memory(guest: Json) -> tuple[float, float]:
    """Return the MiB that a guest has touched and has not touched; nothing of one that is off."""
    if not guest["active"]:
        return 0.0, 0.0
    whole = guest["memory_kib"] + sum(guest["huge_kib"].values())
    touched = whole if guest["touched_kib"] is None else min(whole, guest["touched_kib"])
    return touched / 1024, (whole - touched) / 1024


def dirty(guest: Json) -> float:
    """Return the MiB/s that a guest dirties, as far as it is known."""
    kib: int = guest["dirty_kib"] or 0
    return kib / 1024 if guest["active"] else 0.0


def constant(guest: Json) -> float:
    """Return the MiB that do not depend on the rate: disks, and 9 bytes for each untouched page."""
    disks: int = guest["disk_bytes"]
    return disks / 2**20 + memory(guest)[1] * 9 / 4096


def data(guest: Json, rate: float) -> float:
    """Return the MiB that are sent over a stream of this rate; infinite if they never end."""
    touched, _ = memory(guest)
    allowed = rate * DOWNTIME
    if touched <= allowed:
        return constant(guest) + touched
    if dirty(guest) >= rate:
        return math.inf
    return constant(guest) + rate * (touched - allowed) / (rate - dirty(guest)) + allowed


def quiet(guest: Json) -> float:
    """Return the seconds in which nothing is sent."""
    return QUIET + (HAND_OVER + memory(guest)[1] / SCAN if guest["active"] else 0.0)


def alone(problem: Json, host: Json) -> float:
    """Return the MiB/s of a stream that shares no link."""
    return float(min(STREAM, problem["source"]["link"], host["link"]))


def converges(problem: Json, guest: Json, host: Json) -> bool:
    """Report whether the migration ends if it shares no link; near its limit the models may differ."""
    return math.isfinite(data(guest, alone(problem, host)))
