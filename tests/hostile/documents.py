"""Plans and journals that are damaged or made to harm, from a recorded seed."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from preflight.schema.journal import FORMAT
from tests.unit.migrate.plans import PLAN, WEB

#: What `documents` was run with when the tests were written.
SEED = 20261129
#: Values that each field is given in turn, drawn at random.
EACH = 3

_DEEP = "@deep@"
_ESCAPES = (
    "\x1b]0;pwned\x07",
    "\x1b[2J",
    "\x1b]52;c;cHduZWQ=\x07",
    "a\r\nARRIVED  a -> b: 1 of 1 guest",
    "\x9b31m",
    "\u202e",
)
_TEXTS = (
    "",
    "\x00",
    "x" * 100_000,
    "gone",
    "../../etc/passwd",
    "$(touch /tmp/pwned)",
    "-oProxyCommand=touch /tmp/pwned",
)
_URIS = (
    "qemu+ssh://h/system?command=/tmp/evil",
    "qemu+unix:///system?socket=/tmp/s",
    "test:///default",
    "unix:///tmp/s",
)
_NUMBERS = (0, -1, 10**30, -(10**30), 10**400, 1e300, -1e300, 0.5, float("nan"), float("inf"), 2**53, 2**63, 2**64)
_OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], {"": ""}, [None], [{}], {"step": "over"}, _DEEP)
_VALUES: tuple[Any, ...] = (*_ESCAPES, *_TEXTS, *_URIS, *_NUMBERS, *_OTHERS)

_DOMAIN = "<domain><name>web</name></domain>"
_ROW = {
    "name": "web",
    "uuid": WEB,
    "result": "arrived",
    "source": "absent",
    "destination": "running",
    "persistent": True,
    "error": "internal error",
    "why": "the source still has its definition",
    "rule": "shared-host-uuid",
    "seconds": 1.5,
    "downtime": 0.2,
    "began": True,
}
_STEPS: tuple[dict[str, Any], ...] = (
    {"step": "run", "at": 1.8e9},
    {"step": "begin", "at": 1.8e9, "guest": WEB, "told": {"name": "web", "xml": _DOMAIN, "paused": False}},
    {"step": "paused", "at": 1.8e9, "guest": WEB},
    {"step": "handed-over", "at": 1.8e9, "guest": WEB},
    {"step": "settle", "at": 1.8e9, "guest": WEB, "told": {"act": "start on the destination", "why": "it is paused"}},
    {"step": "copied", "at": 1.8e9, "guest": PLAN.guests[2].uuid, "told": {"paths": ["/var/lib/libvirt/qemu/nvram/x"]}},
    {"step": "defined", "at": 1.8e9, "guest": PLAN.guests[2].uuid},
    {
        "step": "ended",
        "at": 1.8e9,
        "guest": WEB,
        "told": {
            name: value for name, value in _ROW.items() if name not in ("name", "uuid", "persistent", "rule", "began")
        },
    },
    {"step": "over", "at": 1.8e9, "told": {"rows": [_ROW], "interrupted": False}},
    {"step": "resumed", "at": 1.8e9},
    {"step": "interrupted", "at": 1.8e9},
)


def documents(seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield a name and the bytes of each document; names begin with "plan" or "journal"."""
    drawn = random.Random(seed)
    plan = json.loads(PLAN.model_dump_json())
    for name, changed in _changes(plan, drawn):
        yield f"plan {name}", _bytes(changed)
    head = {"preflight_journal": FORMAT, "plan": plan}
    for name, changed in _changes(head, drawn):
        yield f"journal head {name}", _lines(changed, *_STEPS)
    for number, step in enumerate(_STEPS):
        for name, changed in _changes(step, drawn):
            yield f"journal {step['step']} {name}", _lines(head, *_STEPS[:number], changed, *_STEPS[number + 1 :])
    yield from _damaged(head, drawn)


def _changes(document: Any, drawn: random.Random) -> Iterator[tuple[str, Any]]:
    """Yield the document with each of its fields taken away, and replaced."""
    for path in _paths(document):
        shown = ".".join(map(str, path))
        yield f"without {shown}", _with(document, path)
        for value in drawn.sample(_VALUES, EACH):
            yield f"{shown} = {repr(value)[:30]}", _with(document, path, value)


def _paths(document: Any) -> Iterator[tuple[Any, ...]]:
    named = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for name, value in named:
        yield (name,)
        yield from ((name, *rest) for rest in _paths(value))


def _with(document: Any, path: tuple[Any, ...], *values: Any) -> Any:
    changed = copy.deepcopy(document)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    if values:
        inner[path[-1]] = values[0]
    else:
        del inner[path[-1]]
    return changed


def _bytes(document: Any) -> bytes:
    return json.dumps(document).encode().replace(b'"' + _DEEP.encode() + b'"', b"[" * 100_000)


def _lines(*documents: Any) -> bytes:
    return b"".join(_bytes(document) + b"\n" for document in documents)


def _damaged(head: Any, drawn: random.Random) -> Iterator[tuple[str, bytes]]:
    """Files that were cut off, duplicated or mixed up, or are of another kind."""
    whole = _lines(head, *_STEPS)
    lines = whole.splitlines(keepends=True)
    plan = _bytes(head["plan"])
    for _ in range(20):
        yield f"journal cut at {(at := drawn.randrange(len(whole)))}", whole[:at]
        yield f"plan cut at {(at := drawn.randrange(len(plan)))}", plan[:at]
        number = drawn.randrange(len(lines))
        line = lines[number]
        cut = line[: drawn.randrange(len(line))] + b"\n"
        yield f"journal line {number} cut", b"".join([*lines[:number], cut, *lines[number + 1 :]])
        yield f"journal line {number} doubled", b"".join([*lines[:number], line, line, *lines[number + 1 :]])
        flipped = bytearray(whole)
        flipped[drawn.randrange(len(flipped))] = drawn.randrange(256)
        yield "journal one byte changed", bytes(flipped)
        mixed = lines[1:]
        drawn.shuffle(mixed)
        yield "journal mixed up", b"".join([lines[0], *mixed])
    yield "journal head doubled", lines[0] + whole
    yield "journal without a head", b"".join(lines[1:])
    yield "journal that is a plan", plan
    yield "plan that is a journal", whole
    for kind in ("journal", "plan"):
        yield f"{kind} empty", b""
        yield f"{kind} of zeros", b"\0" * 4096
        yield f"{kind} that is a snapshot", b'{"preflight_snapshot": 1, "hosts": []}\n'
        yield f"{kind} nested", b"[" * 100_000
        yield f"{kind} not UTF-8", whole.replace(b"web", b"\xff\xfe")
        yield f"{kind} UTF-16", whole.decode().encode("utf-16")
        yield f"{kind} of many lists", b"[" + b"[]," * 100_000 + b"[]]"
    yield "journal of a line of 20 MB", lines[0] + b'{"step":"' + b"x" * 20_000_000 + b"\n" + lines[1]
    yield "journal of a million lines", lines[0] + b"\n" * 1_000_000
    yield "journal of 100 MB", whole + b"{}\n" * 34_000_000
    yield "plan of 20 MB", plan + b" " * 20_000_000
    yield "plan of many guests", _bytes({**head["plan"], "guests": head["plan"]["guests"] * 20_000})
