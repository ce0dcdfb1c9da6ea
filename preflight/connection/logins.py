"""Opens the channel to a host: the login begins, and nobody waits for it yet."""

import contextlib
import threading
from collections.abc import Iterable

from preflight.connection.channel import Channel
from preflight.connection.ssh import SshChannel
from preflight.connection.target import Kind, Target, parse_target
from preflight.errors import UserError

#: The logins that were begun and nobody has asked for yet, by the host as typed.
_begun: list[tuple[str, SshChannel]] = []


def begin(hosts: Iterable[str], prelude: str) -> None:
    """Begin to log in at hosts that will be asked for, while the parser that reads the whole command line is loaded.

    What is wrong with a host is said when it is asked for.
    """
    for host in hosts:
        with contextlib.suppress(UserError):
            target = parse_target(host)
            if target.kind is Kind.SSH:
                _begun.append((host, SshChannel(target, prelude)))


def abandon() -> None:
    """Give up the logins that were begun in vain."""
    close_all([channel for _, channel in _begun])
    _begun.clear()


def close_all(channels: Iterable[Channel]) -> None:
    """Close the channels side by side, within a second; not even Ctrl-C interrupts it, which would leave their ssh."""
    closing = [threading.Thread(target=channel.close) for channel in channels]
    for thread in closing:
        thread.start()
    for thread in closing:
        while thread.is_alive():
            with contextlib.suppress(KeyboardInterrupt):
                thread.join()


def open_channel(target: Target, prelude: str, timeout: float) -> Channel:
    """A channel to a real host; `timeout` is in seconds, for each batch of answers."""
    for begun in _begun:
        if begun[0] == target.text:
            _begun.remove(begun)
            begun[1].timeout = timeout
            return begun[1]
    if target.kind is Kind.LOCAL:
        from preflight.connection.local import LocalChannel

        return LocalChannel(prelude, timeout=timeout)
    return SshChannel(target, prelude, timeout=timeout)
