"""Preflight's own attempt to connect to libvirt on a host, over the transport that the migration uses."""

import json
from typing import Annotated, Self

from preflight.facts.fact import Fact, Record, Unreadable

#: Libvirt's message if the other end closes the connection, for any reason.
HUNG_UP = "End of file while reading data"


class LibvirtConnection(Fact, frozen=True, kw_only=True):
    """The attempt to connect to libvirt."""

    #: The URI that was opened.
    uri: str
    #: libvirt's own message if the connection failed, otherwise None.
    error: str | None
    #: No answer came within the time limit: the daemon accepts no more clients, or packets are dropped on the way.
    hung: bool

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
            return cls(uri=said["uri"], error=said["error"], hung=bool(said.get("hung")))
        except (ValueError, KeyError, TypeError) as why:
            raise Unreadable(f"libvirt.connect: {why}") from None
