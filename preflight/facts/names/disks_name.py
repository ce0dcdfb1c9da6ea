"""What a host makes of the host that `--disks-uri` names: where the destination's QEMU takes copied disks."""

from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.names.peer_name import answered
from preflight.facts.network.addresses import plain


class DisksName(Fact, frozen=True, kw_only=True):
    """A name or an address, and what this host resolves it to."""

    name: str
    #: As of `PeerName`; empty when this host finds none.
    addresses: tuple[str, ...]

    @classmethod
    def parse(cls, name: Record, resolve: Record) -> Self:
        """Make it of the name and of getent's answer; raises `Unreadable`."""
        named = name.required().strip()
        try:
            return cls(name=named, addresses=answered(resolve))
        except Unreadable:
            if ":" in named or named.replace(".", "").isdigit():
                return cls(name=named, addresses=(plain(named),))  # an address needs no resolver
            raise
