"""For a peer-to-peer migration, the source's daemon must connect to the destination's libvirt, but cannot.

Why it matters
    With --p2p the login that counts is not yours but that of the source's daemon: root on the source, with root's keys
    and known hosts, without a terminal. libvirt reports "Cannot recv data: Host key verification failed.", "Permission
    denied", or that the address cannot be resolved or connected to.

How to fix
    On the source, as root, make `virsh -c URI hostname` work without a prompt: give root on the source an ssh key that
    the destination accepts, and add the destination's host key to root's known_hosts. Or migrate without --p2p.
"""

from preflight.facts import PeerConnection
from preflight.facts.control import NO_REASON, NO_SESSION, log_in_by_sasl
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
        "packet ... bytes received from server too large, want ...",
        "Cannot recv data: unix_listener: cannot bind to path ...",
        "Cannot recv data: unix_listener: cannot bind to path ...: No such file or directory",
    ),
)
def check(source: PeerConnection) -> Findings:
    if source.error is not None:
        yield on_source(
            f"root on the source cannot connect to the destination's libvirt: {source.error}",
            error=None if source.error in (NO_REASON, NO_SESSION) else source.error,
            fix=log_in_by_sasl(source.error, "the source"),
        )
