"""Measures how long a guest that has arrived waits for its start, from what the destination's libvirt says."""

import re
from datetime import datetime

from tests.lab.interleavings.happenings import Happenings

STAMPED = re.compile(r"^(\S+ \S+?)\+0000: event 'lifecycle' for domain '[^']*': (\w+)", re.MULTILINE)


class Gap(Happenings):
    """The seconds from Suspended, with which Finish answers, to the Resumed that follows it."""

    @property
    def seconds(self) -> float | None:
        """None where the guest was not both paused there and started."""
        paused = None
        for stamp, what in STAMPED.findall(self.text):
            if what == "Suspended":
                paused = stamp
            elif what == "Resumed" and paused is not None:
                return round((datetime.fromisoformat(stamp) - datetime.fromisoformat(paused)).total_seconds(), 3)
        return None
