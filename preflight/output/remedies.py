"""What would make an unknown known: the right or the command that docs/troubleshooting.md names for its reason."""

import json
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

#: Generated from the page.
_FILE = Path(__file__).with_name("remedies.json")


class Row(NamedTuple):
    """A reason as the page has it, by its fixed parts, and what resolves it."""

    parts: tuple[str, ...]
    remedy: str

    @property
    def weight(self) -> int:
        """Characters of fixed text."""
        return sum(map(len, self.parts))

    def fits(self, reason: str) -> bool:
        """Report whether the parts occur in the reason, the first at its beginning and the last at its end.

        Takes time in proportion to the reason's length, whatever a host has written into it.
        """
        first, *middle = self.parts
        if not middle:
            return reason == first
        *middle, last = middle
        if not reason.startswith(first) or len(reason) < len(first) + len(last) or not reason.endswith(last):
            return False
        at, end = len(first), len(reason) - len(last)
        for part in middle:
            at = reason.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True


@lru_cache(maxsize=1024)  # a document repeats the reason for each rule and guest
def remedy(reason: str) -> str | None:
    """Return what resolves an unknown with this reason; None if the page has no row for it.

    Of a reason that quotes another one after a colon, the innermost that has a row counts, since it is the cause.
    """
    for cause in _causes(reason):
        for row in _rows():
            if row.fits(cause):
                return row.remedy
    return None


def _causes(reason: str) -> Iterator[str]:
    """Yield each text that follows a colon, the last one first, and then the whole reason."""
    at = len(reason)
    while (at := reason.rfind(": ", 0, at)) >= 0:
        yield reason[at + 2 :]
    yield reason


@cache
def _rows() -> tuple[Row, ...]:
    """Return the rows, those with most fixed text first, since they say most about a reason that they fit."""
    rows = (Row(tuple(text.split("...")), told) for text, told in json.loads(_FILE.read_text(encoding="utf-8")))
    return tuple(sorted(rows, key=lambda row: -row.weight))
