"""Readings of a running migration job, and the reason if more is left to send than at the reading before."""

from collections.abc import Mapping

from msgspec import Struct

from preflight.units import MIB


class Sample(Struct, frozen=True):
    """One reading of a migration job (virDomainGetJobStats). Sizes in bytes, rates in bytes a second.

    `iteration` counts passes over the guest's memory from 1; 0 before the first, or if QEMU does not report it.
    """

    elapsed: float
    memory_total: int
    memory_remaining: int
    rate: int
    dirty_rate: int
    iteration: int
    #: The downtime in seconds that QEMU expects if it handed the guest over now; None if QEMU does not report it.
    expected_downtime: float | None = None

    @property
    def done(self) -> float:
        """The share of the memory that need not be sent (again), 0 to 1. It is not a measure of work: it can fall."""
        if self.memory_total <= 0:
            return 0.0
        return max(0.0, min(1.0, 1 - self.memory_remaining / self.memory_total))


def sample_of(stats: Mapping[str, int]) -> Sample | None:
    """Return the reading in a dictionary from `jobStats()`; None as long as the job has not sent anything."""
    if not stats.get("memory_total"):
        return None
    page = stats.get("memory_page_size", 4096)
    downtime = stats.get("downtime")
    return Sample(
        elapsed=stats.get("time_elapsed", 0) / 1000,
        memory_total=stats["memory_total"],
        memory_remaining=stats.get("memory_remaining", 0),
        rate=stats.get("memory_bps", 0),
        dirty_rate=stats.get("memory_dirty_rate", 0) * page,
        iteration=stats.get("memory_iteration", 0),
        expected_downtime=None if downtime is None else downtime / 1000,
    )


def setback(before: Sample, now: Sample) -> str | None:
    """Return why more is left to send than before, or None if it is not more.

    At the end of each pass QEMU counts the pages that the guest has written during the pass, and adds them back.
    """
    grown = now.memory_remaining - before.memory_remaining
    if grown <= 0 or before.memory_total != now.memory_total:
        return None
    reason = f"the guest wrote to {grown / MIB:.0f} MiB that had already been sent"
    if now.iteration > before.iteration:
        reason += f"; pass {now.iteration} sends it again"
    if 0 < now.rate <= now.dirty_rate:
        reason += (
            f". It writes {now.dirty_rate / MIB:.0f} MiB/s and the link carries {now.rate / MIB:.0f} MiB/s:"
            " at these rates the migration never ends"
        )
    return reason
