"""A daemon of libvirt that has no room for another client: it accepts no connection, and says nothing about it."""

from preflight.facts.daemon.limits import told_of
from preflight.facts.fact import Record


def full_daemon(limits: Record) -> str | None:
    """Return the reason why a daemon in virt-admin's answer accepts no connection; None if none is known to refuse it.

    A daemon that processes a call may have accepted the connection in question already, and be slow to answer it.
    """
    for line in limits.out.splitlines():
        if line.startswith("daemon "):
            name = line.removeprefix("daemon ").strip()
            told = told_of(limits, name)
            idle = "nWorkers" in told and told["nWorkers"] == told.get("freeWorkers") and not told.get("jobQueueDepth")
            if idle and 0 < told.get("nclients_max", 0) <= told.get("nclients", 0):
                return f"{name} accepts no more clients: all of its max_clients = {told['nclients_max']} are connected"
    return None
