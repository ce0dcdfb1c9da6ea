"""Ctrl-C for commands that tests start, whatever the tests themselves were started from."""

import signal


def hears_interrupts() -> None:
    """Let SIGINT end the process that is about to be run: after `nohup` or `&` it is inherited as ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
