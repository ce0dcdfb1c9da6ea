"""The snapshot file itself: not JSON, too deep, of other types, with unknown fields."""

import functools
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.hostile import pair, texts
from tests.hostile.pair import Hostile, Pair

#: Replacements for a part of the document.
OTHERS: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    "",
    "x",
    [],
    {},
    [[]],
    [{}],
    ["", 0],
    ["", "", ""],
    [1, 2, 3],
    ["", 0, "", ""],
)
#: Where it stands: the keys on the way to it.
PLACES: tuple[tuple[str | int, ...], ...] = (
    ("preflight_snapshot",),
    ("hosts",),
    ("hosts", 0),
    ("hosts", 1),
    ("hosts", 0, "name"),
    ("hosts", 1, "name"),
    ("hosts", 0, "records"),
    ("hosts", 0, "absent"),
    ("hosts", 1, "records", "login"),
    ("hosts", 0, "records", "limits"),
    ("hosts", 0, "records", "limits", 0),
    ("hosts", 0, "records", "limits", 1),
    ("hosts", 0, "records", "limits", 2),
    ("hosts", 0, "absent", "limits"),
    ("hosts", 0, "absent", ""),
    ("hosts", 0, "more"),
    ("hosts", 0, "peers"),
    ("hosts", 1, "files"),
    ("hosts", 1, "files", "/etc/hosts"),
    ("made",),
)
#: Files that are no document at all.
RAW: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "a byte": lambda: b"\xff",
    "NULs": lambda: b"\0" * 100_000,
    "UTF-16": lambda: '{"preflight_snapshot": 1}'.encode("utf-16"),
    "two marks": lambda: b"\xef\xbb\xbf\xef\xbb\xbf{}",
    "100,000 brackets": lambda: b"[" * 100_000,
    "100,000 braces": lambda: b'{"a":' * 100_000,
    "deep in a record": lambda: (
        b'{"preflight_snapshot": 1, "hosts": [{"name": "h", "absent": {}, "records": {"a": ' + b"[" * 100_000
    ),
    "a number of 5,000 digits": lambda: b'{"preflight_snapshot": ' + b"9" * 5000 + b"}",
    "a number of 4,000 digits": lambda: b'{"preflight_snapshot": ' + b"9" * 4000 + b"}",
    "a float of 5,000 digits": lambda: b'{"preflight_snapshot": 1.' + b"9" * 5000 + b"}",
    "NaN": lambda: b'{"preflight_snapshot": NaN, "hosts": Infinity}',
    "a string of 50 MB": lambda: b'{"preflight_snapshot": "' + b"x" * 50_000_000 + b'"}',
    "1,900,000 hosts of another type": lambda: b'{"preflight_snapshot": 1, "hosts": [' + b"1," * 1_900_000 + b"1]}",
    "900,000 wrong answers": lambda: json.dumps(
        {"preflight_snapshot": 1, "hosts": [{"name": "h", "absent": {}, "records": dict.fromkeys(range(900_000), 1)}]}
    ).encode(),
    "1,000 hosts": lambda: json.dumps(
        {"preflight_snapshot": 1, "hosts": [{"name": f"h{n}", "records": {}, "absent": {}} for n in range(1000)]}
    ).encode(),
    "100,000 records": lambda: json.dumps(
        {
            "preflight_snapshot": 1,
            "hosts": [
                {"name": f"h{h}", "records": {f"r{n}": ["", 0, ""] for n in range(100_000)}, "absent": {}}
                for h in (1, 2)
            ],
        }
    ).encode(),
    "keys twice": lambda: (
        b'{"preflight_snapshot": 1, "hosts": [], "hosts": [{"name": "a", "name": "b", "records": {}, "absent": {}}]}'
    ),
    "lone surrogates": lambda: (
        b'{"preflight_snapshot": 1, "hosts": [{"name": "\\ud800", "records": {}, "absent": {}}]}'
    ),
    "a shell script": lambda: b"#!/bin/sh\ntouch /tmp/pwned\n",
}


def hostile(seed: int) -> Iterator[Hostile]:
    """Files that are none, documents of other types, names of hosts, and bytes exchanged or cut at random."""
    for name, make in RAW.items():
        yield Hostile("file", name, make)
    for place in PLACES:
        for number, other in enumerate(OTHERS):
            yield pair.changed(
                seed,
                "file's types",
                f"{'.'.join(map(str, place))} {number}",
                functools.partial(_put, place, other),
                _document,
            )
    for number, name in enumerate((*texts.WORDS, *texts.ESCAPES, *texts.VERDICTS)):
        yield from pair.each_end(seed, "host's name", str(number), functools.partial(_named, name))
        yield from pair.each_end(seed, "record's name", str(number), functools.partial(_named_record, name))
    for number in range(60):
        yield Hostile("file at random", str(number), functools.partial(_bytes, seed, number))


class _Whole(Pair):
    """A document of which the head can be changed too."""

    def __init__(self, whole: dict[str, Any]) -> None:
        super().__init__(whole["hosts"])
        self.whole = whole

    def document(self) -> bytes:
        """Return the file."""
        return json.dumps(self.whole).encode("utf-8", "surrogatepass")


def _document() -> Pair:
    return _Whole(pair.whole(pair.ready().hosts))


def _put(place: tuple[str | int, ...], other: Any, chance: Random, found: Pair) -> None:
    assert isinstance(found, _Whole)
    at: Any = found.whole
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = other


def _named(name: str, chance: Random, found: Pair, end: int) -> None:
    found.hosts[end]["name"] = name


def _named_record(name: str, chance: Random, found: Pair, end: int) -> None:
    found.put(end, name, "x")
    found.put(end, f"resolve:{name}", "192.0.2.12 STREAM x\n")
    found.hosts[end]["absent"][f"{name}2"] = name


def _bytes(seed: int, number: int) -> bytes:
    chance = Random(f"{seed} bytes {number}")
    made = bytearray(pair.ready().document())
    if number % 3 == 0:
        return bytes(made[: chance.randrange(len(made))])
    for _ in range(chance.choice((1, 10, 1000))):
        made[chance.randrange(len(made))] = chance.randrange(256)
    return bytes(made)
