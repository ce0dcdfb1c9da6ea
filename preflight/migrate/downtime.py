"""Measures a guest's downtime: from when the source stops it until it runs again on the destination."""

import threading
import time
from typing import Self

from preflight.migrate.end import End

#: Seconds by which the event that the source stopped the guest may trail the return of libvirt's call.
LATE = 0.5


class Pauses:
    """Context manager that listens to both hosts' events about one guest; times are from this machine's clock."""

    def __init__(self, source: End, destination: End, uuid: str) -> None:
        """Name the guest and both ends; listening begins when the context is entered."""
        self._source, self._destination, self._uuid = source, destination, uuid
        self._stopped: float | None = None
        self._started: float | None = None
        self._heard = threading.Event()

    def __enter__(self) -> Self:
        """Start listening."""
        self._source.listen(self._uuid, self._at_source)
        self._destination.listen(self._uuid, self._at_destination)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._source.listen(self._uuid, None)
        self._destination.listen(self._uuid, None)

    def seconds(self, started: float | None) -> float | None:
        """Return the seconds from the stop on the source to the start on the destination; None if an event is missing.

        `started` is when preflight itself started the guest there, on time.monotonic's clock.
        """
        self._heard.wait(LATE)
        running = self._started if started is None else started
        if self._stopped is None or running is None or running < self._stopped:
            return None
        return running - self._stopped

    def _at_source(self, event: int, detail: int) -> None:
        import libvirt

        # not a pause by the guest's owner, after which it may resume on the source
        moved = (libvirt.VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED, libvirt.VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY)
        if event == libvirt.VIR_DOMAIN_EVENT_SUSPENDED and detail in moved:
            self._stopped = time.monotonic()
            self._heard.set()

    def _at_destination(self, event: int, _detail: int) -> None:
        import libvirt

        if event == libvirt.VIR_DOMAIN_EVENT_RESUMED:
            self._started = time.monotonic()
