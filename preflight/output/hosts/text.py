"""The hosts that a command is about, for people."""

import time
from collections.abc import Iterator

from preflight.fleet.host import FleetHost
from preflight.fleet.listing import Listing
from preflight.fleet.resolved import Resolved
from preflight.output.terminal import columns, one_line, width, wrapped
from preflight.request.migration import Transport
from preflight.visible import many

_HEAD = ("host", "reached as", "groups", "named in")


def render(listing: Listing, _colour: bool) -> str:
    """Return a table of the hosts, and the notes about hosts that were named more than once."""
    wide = width()
    rows = [tuple(map(one_line, _cells(host, listing.resolved.get(host.text)))) for host in listing.fleet.hosts]
    lines = list(columns([_HEAD, *rows], width=wide))
    for note in listing.fleet.notes:
        lines += wrapped(f"note: {one_line(note)}", width=wide)
    count = len(listing.fleet.hosts)
    return "\n".join((*lines, many(count, "host"))) + "\n"


def _cells(host: FleetHost, by_ssh: Resolved | None) -> Iterator[str]:
    yield host.name
    yield _reached(host, by_ssh)
    yield " ".join(host.groups)
    yield host.origin


def _reached(host: FleetHost, by_ssh: Resolved | None) -> str:
    """Return the address, user and port that ssh uses, or the file that has the host's answers."""
    if host.snapshot is not None:
        when = "" if host.taken is None else time.strftime(", %Y-%m-%d %H:%M UTC", time.gmtime(host.taken))
        return f"snapshot {host.text}{when}"
    if by_ssh is None:
        return "this machine"
    if by_ssh.failure:
        return f"unknown: {by_ssh.failure}"
    where = f"[{by_ssh.hostname}]" if ":" in by_ssh.hostname else by_ssh.hostname
    jump = f" through {by_ssh.jump}" if by_ssh.jump else ""
    control = f", libvirt over {host.transport}" if host.transport not in (None, Transport.SSH) else ""
    return f"{by_ssh.user}@{where}:{by_ssh.port}{jump}{control}"
