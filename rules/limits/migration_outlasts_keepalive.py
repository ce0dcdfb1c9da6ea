"""The guest takes longer to move than its connection lasts, where the daemon takes one call of it at a time.

Why it matters
    With max_client_requests = 1 the source's daemon reads nothing of the connection that migrates, not even the answers
    to its keepalive messages, and closes it after 30 s: "End of file while reading data". How long the guest takes is
    reckoned from the memory that it has touched and from the bandwidth that was asked for (--bandwidth) or the
    speed of the links. Pages of zeros are not sent, so it is an error only where four times the least would be too
    long, and unknown in between. What the guest dirties meanwhile comes on top and is not known.

How to fix
    Take max_client_requests out of the source's libvirtd.conf (virtqemud.conf), so that it is 5, and restart the
    daemon; or give the migration more bandwidth.
"""

from preflight.facts import DaemonLimits, LinkSpeed, Resident
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, Unreadable, on_source, rule, unless_live

#: MiB/s of memory that a link of 1 Mbit/s carries (preflight.capacity.precopy has where that comes from).
_OF_MBIT = 0.94e6 / 8 / 2**20
#: Mbit/s of a link of which no driver tells the speed: slower ones are rare between hypervisors.
_SLOW = 1000
#: So much longer than the connection lasts must the memory take, for pages of zeros cannot save it.
_SURELY = 4


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "virt-ssh-helper: could not proxy traffic: Cannot recv data: Connection reset by peer",
        "Disconnected from ... due to end of file",
        "connection closed due to keepalive timeout",
    ),
)
def check(
    guest: Guest, source: DaemonLimits, source_memory: Resident, source_links: LinkSpeed, migration: Migration
) -> Findings:
    interval = source.conf.number("keepalive_interval").value
    if source.max_client_requests.value > 1 or interval <= 0 or not guest.running:
        return
    lasts = interval * (source.conf.number("keepalive_count").value + 1)
    touched = min(source_memory.touched(guest.name), guest.memory_kib) / 1024
    speeds = [mbit * _OF_MBIT for mbit in source_links.mbit_per_s.values()]
    asked = [] if migration.bandwidth is None else [migration.bandwidth]
    least = touched / min((max(speeds, default=float("inf")), *asked))
    most = touched / min((min(speeds, default=_SLOW * _OF_MBIT), *asked))
    if least >= _SURELY * lasts:
        yield on_source(
            f"the guest has touched {touched:.0f} MiB, which take {least:.0f} s; with max_client_requests = 1 the"
            f" connection is closed after {lasts} s",
            at=source.max_client_requests,
            error="End of file while reading data",
        )
    elif most >= lasts:
        raise Unreadable(
            f"the guest has touched {touched:.0f} MiB, which may take {most:.0f} s, and with max_client_requests = 1"
            f" the connection is closed after {lasts} s"
        )
