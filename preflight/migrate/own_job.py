"""Recognizes the job of a guest that a run has begun: a job of somebody else's is never touched."""

from collections.abc import Mapping

#: Seconds by which libvirt's clock and this one's may differ in how long a job has run.
SLACK = 2.0
#: Most seconds between a move's line in the journal and the start of its job: a login, and the guest's lock.
BEGINNING = 60.0


def is_own(stats: Mapping[str, int], since: float, *, by_journal: bool) -> bool:
    """Report whether the job is an outgoing migration that began with a move: not before it, nor long after.

    `stats` are from `jobStats()`, `since` are the seconds since the move began. If that is known `by_journal` alone,
    the job may have ended, and another one begun.
    """
    import libvirt

    outgoing = libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
    if stats.get("operation", outgoing) != outgoing:
        return False
    has_run = stats.get("time_elapsed", 0) / 1000
    return has_run <= since + SLACK and (not by_journal or has_run >= since - BEGINNING)
