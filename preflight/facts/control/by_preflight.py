"""Preflight's own attempt to connect to libvirt on a host, over the transport that the migration uses."""

import json
from typing import Annotated, Self

from preflight.facts.fact import LIMIT_PROVES_NOTHING, Fact, Record, Unreadable

#: Libvirt's message if the other end closes the connection, for any reason.
HUNG_UP = "End of file while reading data"


class LibvirtConnection(Fact, frozen=True, kw_only=True):
    """The attempt to connect to libvirt."""

    #: The URI that was opened.
    uri: str
    _error: str | None
    #: Reason why the outcome is unknown, if no answer came within the time limit, otherwise None.
    unanswered: str | None
    #: Transport of the migration if the host asked itself, and nobody has tried it; otherwise None.
    untried: str | None = None

    @property
    def error(self) -> str | None:
        """Libvirt's own message if the connection failed, otherwise None; raises `Unreadable` if no answer came."""
        if self.unanswered is not None:
            raise Unreadable(self.unanswered)
        return self._error

    @property
    def transport(self) -> str:
        """ssh, tls, tcp or unix."""
        scheme = self.uri.partition("://")[0]
        return scheme.partition("+")[2] or "unix"

    @classmethod
    def parse(cls, connect: Annotated[Record, "libvirt.connect"]) -> Self:
        """Parse `libvirt.connect`, JSON that the connection wrote."""
        try:
            said = json.loads(connect.required())
            unanswered = f"{said['error']}; {LIMIT_PROVES_NOTHING}" if said.get("hung") else None
            return cls(uri=said["uri"], _error=said["error"], unanswered=unanswered, untried=said.get("untried"))
        except (ValueError, KeyError, TypeError) as why:
            raise Unreadable(f"libvirt.connect: {why}") from None
