"""Journals and plans that are damaged, of other types, or an attacker's, from a seed."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any, TypeAlias

from preflight.schema.journal import FORMAT
from tests.hostile import texts
from tests.hostile.canary import EVIL
from tests.unit.migrate.plans import PLAN, WEB

Json: TypeAlias = Any
#: Replacements for the value of a field.
VALUES: tuple[Json, ...] = (
    None,
    True,
    False,
    0,
    -1,
    10**30,
    1e300,
    1.5,
    "",
    "x",
    "gone",
    [],
    {},
    [[]],
    {"a": []},
    [None],
    "\ud800",
    *texts.ESCAPES,
    *texts.VERDICTS,
    *texts.WORDS[:14],
)
HOSTS = (
    f"qemu+ssh://host/system?command={EVIL}",
    f"qemu+ssh://host/system?netcat={EVIL}",
    f"qemu+ssh://host/system?proxy=native&netcat=x;{EVIL}",
    f"qemu+ssh://host/system?socket=/x;{EVIL}",
    f"qemu+ssh://host/system?keyfile=/x -oProxyCommand={EVIL}",
    "qemu+ssh://host/system?no_verify=1&no_sanity=1",
    f"qemu+ext://host/system?command={EVIL}",
    f"qemu+ssh://-oProxyCommand={EVIL}/system",
    f"-oProxyCommand={EVIL}",
    f"qemu+ssh://host/system?command={EVIL}&command=ssh",
    f"qemu+ssh://host/system?COMMAND={EVIL}",
    f"qemu+ssh://host/system?%63ommand={EVIL}",
    "qemu+tls://192.0.2.66/system?pkipath=/tmp",
    "qemu+tcp://192.0.2.66/system",
    "test:///default",
    "/etc/shadow",
    "a b",
    "host\nhost",
    "\x1b[31m",
)
STEPS = (
    "begin",
    "paused",
    "handed-over",
    "copied",
    "defined",
    "settle",
    "ended",
    "run",
    "resumed",
    "interrupted",
    "over",
)
ROW = {"name": "web", "uuid": WEB, "result": "arrived", "source": "absent", "destination": "running", "began": True}


def documents(seed: int) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each; most are journals, the others plans."""
    for field in _plan():
        for number, value in enumerate(VALUES):
            document = _plan() | {field: value}
            yield f"plan {field} {number}", _text(document)
            if number % 4 == 0:
                yield f"head {field} {number}", _journal(document)
    for number, host in enumerate(HOSTS):
        for field in ("source", "destination", "destination_uri"):
            document = _plan() | {field: host, "is_uri_given": True}
            yield f"plan's {field} {number}", _text(document)
            yield f"journal's {field} {number}", _journal(document, _step("begin"))
            document["method"] = {"mode": "p2p"}
            yield f"peer-to-peer plan's {field} {number}", _text(document)
    for field in _plan()["guests"][0]:
        for number, value in enumerate(VALUES):
            document = _plan()
            document["guests"][0][field] = value
            yield f"guest's {field} {number}", _journal(document, _step("begin"))
    yield from _steps()
    yield from _at_random(Random(seed))


def sound() -> bytes:
    """Return a journal in which nothing is wrong: were it refused, so would be all others, for the same reason."""
    return _journal(_plan(), _step("over", told={"rows": [ROW], "interrupted": False}, guest=None))


def _steps() -> Iterator[tuple[str, bytes]]:
    for step in STEPS:
        for number, value in enumerate(VALUES):
            yield (
                f"{step} {number}",
                _journal(_plan(), _step(step, told={"xml": value, "result": value, "rows": value, "why": value})),
            )
            yield f"{step} told {number}", _journal(_plan(), _step(step, told=value), _step("over"))
    for field in (*ROW, "rule", "error", "why", "seconds", "downtime", "persistent"):
        for number, value in enumerate(VALUES):
            yield (
                f"row's {field} {number}",
                _journal(_plan(), _step("over", told={"rows": [ROW | {field: value}]}, guest=None)),
            )
    yield "a step of 390,000 wrong paths", _journal(_plan(), _step("copied", told={"paths": [1] * 390_000}))
    for kind, made in (("plan", _text), ("head", _journal)):
        yield f"{kind} of 190,000 wrong digests", made(_plan() | {"digests": dict.fromkeys(range(190_000), 1)})
        yield f"{kind} of 190,000 unknown fields", made(_plan() | {str(number): 1 for number in range(190_000)})
        yield f"{kind} of 390,000 wrong rules", made(_plan() | {"ignore": [1] * 390_000})
    yield "100,000 steps", _journal(_plan(), *(_step(STEPS[n % 7]) for n in range(100_000)))
    yield (
        "10,000 guests",
        _journal(
            _plan() | {"guests": [_plan()["guests"][0] | {"uuid": str(n), "name": str(n)} for n in range(10_000)]}
        ),
    )
    yield "guests twice", _journal(_plan() | {"guests": _plan()["guests"] * 2}, _step("begin"))


def _at_random(chance: Random) -> Iterator[tuple[str, bytes]]:
    whole = _journal(
        _plan(), _step("begin", told={"xml": "<domain/>"}), _step("handed-over"), _step("over", told={"rows": [ROW]})
    )
    for number in range(100):
        made = bytearray(whole)
        if number % 3 == 0:
            made = made[: chance.randrange(len(made))]
        for _ in range(chance.choice((1, 3, 30))):
            made[chance.randrange(len(made))] = chance.randrange(256)
        yield f"bytes {number}", bytes(made)
    raw = {
        "empty": b"",
        "deep": b"[" * 100_000,
        "NULs": b"\0" * 1000,
        "lines": b"\n" * 100_000,
        "UTF-16": "{}".encode("utf-16"),
    }
    yield from raw.items()
    yield "deep in a step", _journal(_plan()) + b'{"step":"over","at":1,"told":{"rows":' + b"[" * 100_000 + b"\n"
    yield "a long line", _journal(_plan()) + b'{"step":"' + b"x" * 5_000_000 + b"\n"


def _plan() -> dict[str, Json]:
    plan: dict[str, Json] = PLAN.model_dump(mode="json")
    return plan


def _step(step: str, *, told: Json = None, guest: str | None = WEB) -> dict[str, Json]:
    return {"step": step, "at": 1.0, "guest": guest, "told": {} if told is None else told}


def _journal(plan: Json, *steps: Json) -> bytes:
    return b"\n".join((_text({"preflight_journal": FORMAT, "plan": plan}), *map(_text, steps), b""))


def _text(value: Json) -> bytes:
    return json.dumps(value).encode()
