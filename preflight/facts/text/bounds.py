"""Limit on the length of lines in a host's files: a file that exceeds it is reported and not read, not even in part."""

from collections.abc import Iterator

from preflight.facts.fact import Unreadable
from preflight.units import KIB

#: Maximum length of a line, in characters, in a file that people write.
LONGEST_LINE = 16 * KIB


def lines_of(path: str, text: str, longest: int = LONGEST_LINE) -> Iterator[tuple[int, str]]:
    """Yield each line with its number, from 1; raises `Unreadable` at a line that is too long."""
    start, number = 0, 1
    while True:
        end = text.find("\n", start)
        line = text[start:] if end < 0 else text[start:end]
        if len(line) > longest:
            raise Unreadable(f"{path}:{number}: the line has {len(line)} characters; the limit is {longest}")
        yield number, line
        if end < 0:
            return
        start, number = end + 1, number + 1
