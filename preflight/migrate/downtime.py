"""Measures how long a guest stood still while it moved: from the source's stopping it to its running again."""

import threading
import time
from typing import Self

from preflight.migrate.end import End

#: Seconds that the news of the source's stopping it may come after libvirt's own answer.
LATE = 0.5


class Pauses:
    """Listens to both hosts' events about one guest while it is entered; times are this machine's own."""

    def __init__(self, source: End, destination: End, uuid: str) -> None:
        """Nothing is listened to yet."""
        self._source, self._destination, self._uuid = source, destination, uuid
        self._stopped: float | None = None
        self._started: float | None = None
        self._heard = threading.Event()

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._source.listen(self._uuid, self._at_source)
        self._destination.listen(self._uuid, self._at_destination)
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no longer."""
        self._source.listen(self._uuid, None)
        self._destination.listen(self._uuid, None)

    def seconds(self, started: float | None) -> float | None:
        """Seconds between the source's stopping it and its running on the destination; None where not heard of.

        `started` is when preflight itself had started it there, on time.monotonic's clock.
        """
        self._heard.wait(LATE)
        running = self._started if started is None else started
        if self._stopped is None or running is None or running < self._stopped:
            return None
        return running - self._stopped

    def _at_source(self, event: int, detail: int) -> None:
        import libvirt

        # not a pause by its own user, from which it may go on there
        moved = (libvirt.VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED, libvirt.VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY)
        if event == libvirt.VIR_DOMAIN_EVENT_SUSPENDED and detail in moved:
            self._stopped = time.monotonic()
            self._heard.set()

    def _at_destination(self, event: int, _detail: int) -> None:
        import libvirt

        if event == libvirt.VIR_DOMAIN_EVENT_RESUMED:
            self._started = time.monotonic()
