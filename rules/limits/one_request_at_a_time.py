"""The libvirt daemon handles one call per connection at a time, so a long migration loses its connection.

Why it matters
    The libvirt call that migrates a guest lasts as long as the migration. With max_client_requests = 1 the source's
    daemon reads nothing else from that connection until the call ends, not even the replies to its own keepalive
    messages. After 30 s it closes the connection, "connection closed due to keepalive timeout", and the migration is
    aborted: "End of file while reading data". The guest stays on the source. A migration that ends sooner works.

How to fix
    Remove max_client_requests from the source's libvirtd.conf (virtqemud.conf), so that the default of 5 applies, and
    restart the daemon.
"""

from preflight.facts import DaemonLimits
from preflight.rule import Change, Findings, Severity, on_source, rule, unless_live


@rule(
    Severity.WARNING,
    skip=unless_live,
    errors=(
        "virt-ssh-helper: could not proxy traffic: Cannot recv data: Connection reset by peer",
        "Disconnected from ... due to end of file",
        "connection closed due to keepalive timeout",
    ),
)
def check(source: DaemonLimits) -> Findings:
    requests, interval = source.max_client_requests, source.conf.number("keepalive_interval")
    if requests.value <= 1 and interval.value > 0:
        seconds = interval.value * (source.conf.number("keepalive_count").value + 1)
        yield on_source(
            f"max_client_requests is {requests}: a migration that takes longer than {seconds} s loses its connection",
            at=requests,
            change=Change(source.conf.path, "max_client_requests", 5),
        )
