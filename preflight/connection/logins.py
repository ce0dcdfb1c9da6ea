"""Opening of channels to hosts: logins are started here, and waited for elsewhere."""

import contextlib
import threading
from collections.abc import Iterable

from preflight.connection.channel import Channel
from preflight.connection.ssh import SshChannel
from preflight.connection.target import Kind, Target, parse_target
from preflight.errors import UserError

#: Logins that were started and not yet requested, by the host as typed.
_begun: list[tuple[str, SshChannel]] = []


def begin(hosts: Iterable[str], prelude: str) -> None:
    """Start logins to hosts that will be needed, while the parser for the whole command line is being loaded.

    Errors about a host are reported when it is requested.
    """
    for host in hosts:
        with contextlib.suppress(UserError):
            target = parse_target(host)
            if target.kind is Kind.SSH:
                _begun.append((host, SshChannel(target, prelude)))


def abandon() -> None:
    """Close the logins that were started and never requested."""
    close_all([channel for _, channel in _begun])
    _begun.clear()


def close_all(channels: Iterable[Channel]) -> None:
    """Close the channels in parallel, within a second. Ctrl-C does not interrupt this, or ssh would be left running."""
    closing = [threading.Thread(target=channel.close) for channel in channels]
    for thread in closing:
        thread.start()
    for thread in closing:
        while thread.is_alive():
            with contextlib.suppress(KeyboardInterrupt):
                thread.join()


def open_channel(target: Target, prelude: str, timeout: float) -> Channel:
    """Return a channel to a real host; `timeout` is in seconds, for each batch of answers."""
    for begun in _begun:
        if begun[0] == target.text:
            _begun.remove(begun)
            begun[1].timeout = timeout
            return begun[1]
    if target.kind is Kind.LOCAL:
        from preflight.connection.local import LocalChannel

        return LocalChannel(prelude, timeout=timeout)
    return SshChannel(target, prelude, timeout=timeout)
