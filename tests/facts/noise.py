"""Text that no honest host sends. Whatever a fact is parsed from, this must end in `Unreadable`, or in a fact."""

import random
from collections.abc import Iterator
from functools import cache

from preflight.facts.fact import MISSING, Record

MIB = 1024 * 1024


@cache
def _garbage() -> tuple[str, str]:
    """Make a mebibyte of any characters, and one of those that can be typed; it takes longer than to parse them."""
    noise = random.Random(2)  # the same noise on every run
    return "".join(map(chr, noise.choices(range(1, 0x2FFF), k=MIB))), "".join(
        map(chr, noise.choices(range(9, 127), k=MIB))
    )


def hostile(good: str = "") -> Iterator[str]:
    """Nothing, garbage, a mebibyte of it, and the good text cut and broken at many places."""
    noise = random.Random(2)
    yield from ("", "\n", "\0", "\x1b[2J", "\ud800", "9" * 5000, "[" * 100_000, "{" * 100_000, "<" * 1000, "=" * 1000)
    yield '{"domains": [{"name": 1}]}'
    yield "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"
    yield from _garbage()
    for _ in range(200 if good else 0):
        cut = noise.randrange(len(good))
        yield good[:cut]
        yield good[:cut] + chr(noise.choice((0, 9, 10, 34, 39, 60, 61, 123, 0xE9, 0x1F600))) + good[cut + 1 :]


def answers(good: str = "") -> Iterator[Record]:
    """Yield the same as answers of a host, and answers of commands that failed."""
    yield from (Record("", code) for code in (1, MISSING, 127, 255))
    yield from map(Record, hostile(good))
