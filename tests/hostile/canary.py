"""Programs and files by which this machine says that an attacker's text was run on it."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

#: What hostile texts try to make.
MARKS = (Path("/tmp/pwned"), Path("/pwned"))
#: A program that must never be run: it leaves a mark.
EVIL = Path("/tmp/preflight-evil")


@contextlib.contextmanager
def canaries() -> Iterator[None]:
    """Put the program in its place, without any mark, and take all of it away afterwards."""
    EVIL.write_text(f"#!/bin/sh\ntouch {MARKS[0]}\n")
    EVIL.chmod(0o755)
    sung()
    try:
        yield
    finally:
        EVIL.unlink(missing_ok=True)
        sung()


def sung() -> Sequence[str]:
    """Return a line for each mark that is there; they are taken away. With two runs at once either may have made it."""
    found = [f"an attacker's text was run: {mark} is there" for mark in MARKS if mark.exists()]
    for mark in MARKS:
        mark.unlink(missing_ok=True)
    return found
