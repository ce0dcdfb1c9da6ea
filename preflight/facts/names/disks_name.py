"""Resolution of the host in `--disks-uri`, where the destination's QEMU receives copied disks."""

from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.names.peer_name import answered
from preflight.facts.network.addresses import plain


class DisksName(Fact, frozen=True, kw_only=True):
    """Name or address, and the addresses that this host resolves it to."""

    name: str
    #: As in `PeerName`; empty if this host finds none.
    addresses: tuple[str, ...]

    @classmethod
    def parse(
        cls, name: Annotated[Record, "disks.name"], resolve: Annotated[Record, "disks.resolve", OPTIONAL]
    ) -> Self:
        """Parse the name and getent's answer; raises `Unreadable`."""
        named = name.required().strip()
        try:
            return cls(name=named, addresses=answered(resolve))
        except Unreadable:
            if ":" in named or named.replace(".", "").isdigit():
                return cls(name=named, addresses=(plain(named),))  # an address needs no resolver
            raise
