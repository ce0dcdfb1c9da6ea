"""The source's daemon closes the connection of a peer-to-peer migration as soon as it has been idle.

Why it matters
    With keepalive_count = 0 in the source's qemu.conf, its daemon sends no keepalive messages to the destination's
    daemon. It closes the connection after keepalive_interval seconds (5 by default) in which nothing arrived, as
    nothing does while the memory is sent: "client socket is closed". A migration that takes less time works.

How to fix
    Remove keepalive_count from the source's /etc/libvirt/qemu.conf, so that the default of 5 applies, or set
    keepalive_interval = -1, and restart the libvirt daemon.
"""

from preflight.facts import QemuConf
from preflight.rule import Findings, Migration, Severity, on_source, rule, unless_peer_to_peer


@rule(Severity.WARNING, skip=unless_peer_to_peer)
def check(source: QemuConf, migration: Migration) -> Findings:
    interval = source.keepalive_interval.value
    if migration.offline or source.keepalive_count.value != 0 or interval <= 0:
        return
    yield on_source(
        f"the connection to the destination is closed after {interval} s in which nothing arrives",
        at=source.keepalive_count.at,
        error="client socket is closed",
    )
