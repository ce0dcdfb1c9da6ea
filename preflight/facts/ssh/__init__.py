"""Logins over ssh: sshd's configuration, host keys, and the outcome of a login."""

from preflight.facts.ssh.client import SshClient
from preflight.facts.ssh.effective import EffectiveSshd
from preflight.facts.ssh.host_keys import HostKeys, PeerKeys
from preflight.facts.ssh.login import TURNED_AWAY, Login
from preflight.facts.ssh.session import Session
from preflight.facts.ssh.sockets import SshdSockets
from preflight.facts.ssh.sshd import SshdListener, SshdSettings
from preflight.facts.ssh.unloaded import UnloadedFiles

__all__ = [
    "TURNED_AWAY",
    "EffectiveSshd",
    "HostKeys",
    "Login",
    "PeerKeys",
    "Session",
    "SshClient",
    "SshdListener",
    "SshdSettings",
    "SshdSockets",
    "UnloadedFiles",
]
