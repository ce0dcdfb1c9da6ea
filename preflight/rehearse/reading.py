"""When a rehearsal has shown enough, from readings of the migration's job. Pure: no clock is read."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from preflight.units import MIB

#: Bytes of memory after which the destination has taken enough to refuse what it does not want, and seconds after the
#: first byte: whichever comes first.
ENOUGH: Final = 4 * MIB
MOMENT: Final = 0.5
#: Seconds after which a rehearsal is aborted, whatever has begun by then.
LATEST: Final = 10.0
#: Bytes of memory left to send at which it is aborted at once. Pages of zeroes are sent at hundreds of MiB/s even at 1
#: MiB/s, since only nine bytes are sent for each (save_zero_page, migration/ram.c of QEMU 7.2).
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


def reading_of(stats: Mapping[str, int], mirrors: bool | None = None) -> Reading:
    """Return the reading in a dictionary from `jobStats()`."""
    total = stats.get("memory_total", 0)
    return Reading(
        sent=stats.get("memory_processed", 0), left=stats.get("memory_remaining", 0) if total else None, mirrors=mirrors
    )


def enough(reading: Reading, since_call: float, since_first: float | None) -> str | None:
    """Return why the rehearsal is aborted now; None if it goes on. Both times are in seconds.

    `since_first` is the time since a reading had begun, None if none has.
    """
    if reading.mirrors:
        return "every copied disk has begun"
    if reading.has_begun and reading.left is not None and reading.left < LEAST_LEFT:
        return f"less than {LEAST_LEFT // MIB} MiB of memory are left"
    if reading.sent >= ENOUGH:
        return f"{ENOUGH // MIB} MiB of memory were sent"
    if since_first is not None and since_first >= MOMENT:
        return f"memory was sent for {MOMENT:g} s"
    return f"{LATEST:g} s have passed" if since_call >= LATEST else None
