"""The hosts of a fleet with what ssh makes of their names, for `--list-hosts`. No host is contacted."""

from collections.abc import Mapping

from msgspec import Struct

from preflight.fleet.host import Fleet
from preflight.fleet.resolved import Resolved, resolved


class Listing(Struct, frozen=True):
    """The hosts, and what ssh makes of each name, by the host's text."""

    fleet: Fleet
    resolved: Mapping[str, Resolved]


def listing_of(fleet: Fleet) -> Listing:
    """Return the hosts with what ssh makes of their names."""
    return Listing(fleet, resolved(host.text for host in fleet.hosts if host.snapshot is None))
