"""The question to the user before anything is changed."""

import sys


def ask(question: str) -> bool | None:
    """Return the user's answer, or None if nobody can answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    import termios

    try:
        termios.tcflush(sys.stdin, termios.TCIFLUSH)  # text that was typed before the question is no answer to it
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except (OSError, termios.error):  # the terminal was lost
        return None
