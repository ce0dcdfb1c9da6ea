"""Logins over ssh: sshd's configuration, the keys of hosts, and how a login went."""

from preflight.facts.ssh.host_keys import HostKeys, PeerKeys
from preflight.facts.ssh.login import TURNED_AWAY, Login
from preflight.facts.ssh.sshd import SshdListener, SshdSettings

__all__ = [
    "TURNED_AWAY",
    "HostKeys",
    "Login",
    "PeerKeys",
    "SshdListener",
    "SshdSettings",
]
