"""Text that no honest host sends. Whatever a fact is parsed from, this must end in `Unreadable`, or in a fact."""

import random
from collections.abc import Iterator

from preflight.facts.fact import MISSING, Record

MIB = 1024 * 1024


def hostile(good: str = "") -> Iterator[str]:
    """Nothing, garbage, a mebibyte of it, and the good text cut and broken at many places."""
    noise = random.Random(2)  # the same noise on every run
    yield from ("", "\n", "\0", "\x1b[2J", "\ud800", "9" * 5000, "[" * 100_000, "{" * 100_000, "<" * 1000, "=" * 1000)
    yield '{"domains": [{"name": 1}]}'
    yield "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"
    yield "".join(chr(noise.randrange(1, 0x2FFF)) for _ in range(MIB))
    yield "".join(chr(noise.randrange(9, 127)) for _ in range(MIB))
    for _ in range(200 if good else 0):
        cut = noise.randrange(len(good))
        yield good[:cut]
        yield good[:cut] + chr(noise.choice((0, 9, 10, 34, 39, 60, 61, 123, 0xE9, 0x1F600))) + good[cut + 1 :]


def answers(good: str = "") -> Iterator[Record]:
    """Yield the same as answers of a host, and answers of commands that failed."""
    yield from (Record("", code) for code in (1, MISSING, 127, 255))
    yield from map(Record, hostile(good))
