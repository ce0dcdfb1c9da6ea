"""The migration outlasts its connection, because the daemon handles one call per connection at a time.

Why it matters
    With max_client_requests = 1 the source's daemon does not read from the connection that drives the migration, not
    even the replies to its own keepalive messages, and closes the connection after 30 s: "End of file while reading
    data". The duration is estimated from the memory that the guest has touched and the requested bandwidth
    (--bandwidth) or the speed of the links. Pages of zeros are not sent, so this is an error only if even the shortest
    estimate is at least four times as long as the connection lasts. If it is not, but the longest estimate reaches that
    time, the result is unknown. Memory that the guest dirties during the migration is sent in addition and is not
    included.

How to fix
    Remove max_client_requests from the source's libvirtd.conf (virtqemud.conf), so that the default of 5 applies, and
    restart the daemon; or give the migration more bandwidth.
"""

from preflight.facts import DaemonLimits, LinkSpeed, Resident
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, Unreadable, on_source, rule, unless_live

#: MiB/s of memory that a link of 1 Mbit/s carries; preflight.capacity.precopy gives the source.
_OF_MBIT = 0.94e6 / 8 / 2**20
#: Mbit/s assumed for a link whose driver reports no speed: slower links are rare between hypervisors.
_SLOW = 1000
#: Multiple of the connection's lifetime from which pages of zeros can no longer save the migration.
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
    asked = [] if migration.method.bandwidth is None else [migration.method.bandwidth]
    least = touched / min((max(speeds, default=float("inf")), *asked))
    most = touched / min((min(speeds, default=_SLOW * _OF_MBIT), *asked))
    if least >= _SURELY * lasts:
        yield on_source(
            f"the guest has touched {touched:.0f} MiB, which takes {least:.0f} s to send; with max_client_requests = 1"
            f" the connection is closed after {lasts} s",
            at=source.max_client_requests,
            error="End of file while reading data",
        )
    elif most >= lasts:
        raise Unreadable(
            f"the guest has touched {touched:.0f} MiB, which may take {most:.0f} s to send, and with"
            f" max_client_requests = 1 the connection is closed after {lasts} s"
        )
