"""Opens the channel to a host: the login begins, and nobody waits for it yet."""

from preflight.connection import Channel
from preflight.connection.local import LocalChannel
from preflight.connection.ssh import SshChannel
from preflight.connection.target import Kind, Target


def open_channel(target: Target, prelude: str, timeout: float) -> Channel:
    """A channel to a real host; `timeout` is in seconds, for each batch of answers."""
    if target.kind is Kind.LOCAL:
        return LocalChannel(prelude, timeout=timeout)
    return SshChannel(target, prelude, timeout=timeout)
