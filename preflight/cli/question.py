"""Asks the user before anything is changed."""

import sys


def ask(question: str) -> bool | None:
    """The user's answer, or None where nobody can answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    import termios

    try:
        termios.tcflush(sys.stdin, termios.TCIFLUSH)  # what was typed before the question does not answer it
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except (OSError, termios.error):  # the terminal was lost
        return None
