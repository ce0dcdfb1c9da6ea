"""The end of a rehearsal: when its job has shown enough, and when it must be aborted. Pure: reads no clock."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from preflight.rehearse.limits import LATEST, MOMENT
from preflight.units import MIB

#: Bytes of memory after which the destination has received enough to refuse what it does not accept, unless `MOMENT`
#: seconds have passed since the first byte before.
ENOUGH: Final = 4 * MIB
#: Bytes of memory left to send at which it is aborted at once.
LEAST_LEFT: Final = 64 * MIB


class Reading(Struct, frozen=True):
    """One reading of a migration's job; sizes in bytes."""

    #: Bytes that were sent, and the memory that is left to send; None as long as the job reports no memory.
    sent: int = 0
    left: int | None = None
    #: True once every copied disk has a mirror, False before; None if no disk is copied.
    mirrors: bool | None = None

    @property
    def has_begun(self) -> bool:
        """Report whether the destination takes the guest: its memory, or the last of its disks."""
        return self.sent > 0 or self.mirrors is True


class Ending(Struct, frozen=True):
    """The reason for which a rehearsal is aborted."""

    why: str
    #: True if the destination had the time to refuse what it was sent, so that it has accepted the guest.
    is_enough: bool = False


def reading_of(stats: Mapping[str, int], mirrors: bool | None = None) -> Reading:
    """Return the reading in a dictionary from `jobStats()`."""
    total = stats.get("memory_total", 0)
    return Reading(
        sent=stats.get("memory_processed", 0), left=stats.get("memory_remaining", 0) if total else None, mirrors=mirrors
    )


def ends(reading: Reading, since_call: float, since_first: float | None) -> Ending | None:
    """Return why the rehearsal is aborted now; None if it continues. Both times are in seconds.

    `since_first` is the time since a reading had begun, None if none has.
    """
    if reading.mirrors:
        return Ending("the copy of every disk has begun", is_enough=True)
    if reading.sent >= ENOUGH:
        return Ending(f"{ENOUGH // MIB} MiB of memory were sent", is_enough=True)
    if since_first is not None and since_first >= MOMENT:
        return Ending(f"memory was sent for {MOMENT:g} s", is_enough=True)
    if reading.has_begun and reading.left is not None and reading.left < LEAST_LEFT:
        return Ending(f"less than {LEAST_LEFT // MIB} MiB of memory were left")
    return Ending(f"{LATEST:g} s had passed") if since_call >= LATEST else None
