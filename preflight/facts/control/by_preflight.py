"""Whether preflight could open libvirt on a host, over the transport that the migration uses."""

import json
from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable

#: What libvirt says where the other end of its connection hangs up, whatever the reason.
HUNG_UP = "End of file while reading data"


class LibvirtConnection(Fact, frozen=True, kw_only=True):
    """The attempt to open libvirt."""

    #: The URI that was opened.
    uri: str
    #: libvirt's own message when it could not be opened, else None.
    error: str | None
    #: No answer came within the time limit: the daemon accepts no further client, or something drops packets.
    hung: bool

    @property
    def transport(self) -> str:
        """ssh, tls, tcp or unix."""
        scheme = self.uri.partition("://")[0]
        return scheme.partition("+")[2] or "unix"

    @classmethod
    def parse(cls, *records: Record) -> Self:
        """Make it of `libvirt.connect`: JSON that the connection wrote."""
        (connect,) = records
        try:
            said = json.loads(connect.required())
            return cls(uri=said["uri"], error=said["error"], hung=bool(said.get("hung")))
        except (ValueError, KeyError, TypeError) as why:
            raise Unreadable(f"libvirt.connect: {why}") from None
