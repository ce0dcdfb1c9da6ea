"""The hosts that a command is about, as JSON."""

from preflight.fleet.listing import Listing
from preflight.schema import document, hosts


def render(listing: Listing, _colour: bool) -> str:
    """Return the hosts as JSON: a public contract, described by docs/hosts.schema.json."""
    return document.text(
        hosts.Hosts(
            kind="hosts",
            format=hosts.FORMAT,
            hosts=tuple(
                hosts.Host(
                    name=host.name,
                    target=host.text,
                    login=host.login,
                    transport=None if host.transport is None else host.transport.value,
                    migration_address=host.migration_address,
                    weight=host.weight,
                    groups=host.groups,
                    snapshot=None if host.snapshot is None else str(host.snapshot),
                    taken=host.taken,
                    named_in=host.origin,
                    ssh=None
                    if (one := listing.resolved.get(host.text)) is None
                    else hosts.BySsh(
                        hostname=one.hostname, user=one.user, port=one.port, jump=one.jump, failure=one.failure
                    ),
                )
                for host in listing.fleet.hosts
            ),
            notes=listing.fleet.notes,
        )
    )
