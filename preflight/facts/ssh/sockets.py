"""Sockets of systemd that start one sshd for each connection (Accept=yes), and their limits.

Nothing counts MaxStartups there, since no sshd has more than one connection: systemd's own limits apply. Red Hat's
sshd.socket is of this kind; Debian's ssh.socket hands the socket to a single sshd (Accept=no).
"""

import re
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import Fact, Record
from preflight.facts.text.systemd import units_shown

#: Units of systemd's time spans (systemd.time(7)), in seconds.
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
#: The units that distributions ship.
_UNITS = frozenset(("ssh.socket", "sshd.socket"))
_SPAN = re.compile(r"(\d{1,9})(us|ms|s|min|h)")


class SshdSocket(Struct, frozen=True, kw_only=True):
    """A socket that is active and starts one sshd for each connection."""

    unit: str
    #: Connections at a time, of all clients and of one address; None for no limit.
    most: int | None
    most_per_source: int | None
    #: Connections that are open now.
    current: int
    #: Connections that may begin within the interval, in seconds; one more makes the socket fail. None for no limit.
    trigger_burst: int | None
    trigger_seconds: float

    @property
    def others(self) -> int:
        """The open connections except preflight's own."""
        return max(0, self.current - 1)

    @property
    def drop_in(self) -> str:
        """The file in which `systemctl edit` sets a limit."""
        return f"/etc/systemd/system/{self.unit}.d/override.conf"


class SshdSockets(Fact, frozen=True, kw_only=True):
    """The socket that starts sshd for each connection, or None if an sshd listens by itself."""

    accepting: SshdSocket | None

    @classmethod
    def parse(cls, answer: Annotated[Record, "sshd.listener"]) -> Self:
        """Parse what systemd says of the sockets; it is asked only where no sshd listens."""
        for block in units_shown(answer.required()):
            if block["Id"] in _UNITS and block.get("Accept") == "yes" and block.get("ActiveState") == "active":
                burst, seconds = (
                    _number(block.get("TriggerLimitBurst")),
                    _span(block.get("TriggerLimitIntervalUSec", "")),
                )
                return cls(
                    accepting=SshdSocket(
                        unit=block["Id"],
                        most=_number(block.get("MaxConnections")),
                        most_per_source=_number(block.get("MaxConnectionsPerSource")),
                        current=_number(block.get("NConnections")) or 0,
                        trigger_burst=burst if burst and seconds else None,
                        trigger_seconds=seconds,
                    )
                )
        return cls(accepting=None)


def _number(text: str | None) -> int | None:
    """Return a limit; 0, and the greatest number that systemd prints for none, are no limit."""
    number = int(text) if text and re.fullmatch(r"\d{1,10}", text, re.ASCII) else 0
    return number if 0 < number < 2**32 - 1 else None


def _span(text: str) -> float:
    return sum(int(amount) * _SECONDS[unit] for amount, unit in _SPAN.findall(text))
