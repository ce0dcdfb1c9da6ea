"""The source's own daemon cannot open the destination's libvirt, which peer-to-peer migration leaves to it.

Why it matters
    With --p2p it is not your login that counts but the source daemon's: root there, with root's keys and known hosts,
    without a terminal. libvirt says "Cannot recv data: Host key verification failed.", "Permission denied", or that
    the address cannot be resolved or connected to.

How to fix
    On the source, as root, make `virsh -c URI hostname` work without a question: a key of root's own, and the
    destination's host key in root's known_hosts. Or migrate without --p2p.
"""

from preflight.facts import PeerConnection
from preflight.facts.control import NO_REASON
from preflight.rule import Findings, Severity, on_source, rule, unless_peer_to_peer


@rule(
    Severity.ERROR,
    skip=unless_peer_to_peer,
    errors=(
        "unable to connect to server at '...': Connection refused",
        "authentication failed: authentication failed",
        "Cannot recv data: ssh: Could not resolve hostname ...: ",
        "Host key verification failed.",
        "Permission denied (...).",
    ),
)
def check(source: PeerConnection) -> Findings:
    if source.error is not None:
        yield on_source(
            f"root on the source cannot open the destination's libvirt: {source.error}",
            error=None if source.error == NO_REASON else source.error,
        )
