"""Parse and edit configuration text through augeas. No other module knows augeas.

Nothing is loaded from this machine's own files: text goes in, nodes or text come out, in milliseconds.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from preflight.facts.fact import Unreadable
from preflight.units import KIB

if TYPE_CHECKING:
    from augeas import Augeas

__all__ = ["LIMIT", "Node", "edited", "parse"]

#: Characters that are parsed; the largest real file (qemu.conf) has 40,000. Keeps the time below two seconds.
LIMIT = 128 * KIB
#: Nodes that are read: augeas' own time grows with their square, to half a second here.
MOST_NODES = 4000
#: aug_flags.AUG_ENABLE_SPAN (augeas.h), which the Python binding does not name.
ENABLE_SPAN = 1 << 7
#: The last slash of a path that is not part of a label.
SLASH = re.compile(r"(?<!\\)/(?=(?:[^/\\]|\\.)*\Z)")

#: What augeas itself sets between the nodes of a tree that it writes (RESERVED_FROM to RESERVED_TO, lens.h of 1.14): of
#: a text that holds one it makes another, or ends the process.
RESERVED = re.compile(r"[\x01-\x04]")

_lock = threading.Lock()


class Node(Struct, frozen=True):
    """One node of the tree that a lens makes of a file. Comments are left out."""

    label: str
    #: None where the lens stores none.
    value: str | None
    #: Where the value is in the text, in characters from 0, end excluded; the whole node's place when it has no value.
    start: int
    end: int
    children: tuple[Node, ...] = ()


def parse(lens: str, path: str, text: str) -> tuple[Node, ...]:
    """The nodes at the top of the text, in its order; raises `Unreadable` where the lens does not take it.

    `lens` is a name like "Sshd.lns"; `path` is only what errors call the file.
    """
    try:
        return _nodes(lens, text)
    except _Refused as why:
        raise Unreadable(f"{path}{why}") from None


def edited(lens: str, path: str, text: str, values: Mapping[str, str | None]) -> str:
    """The text with these settings changed and every other character as it was.

    A value is written as the lens stores it (for libvirt's files with its quotes). The first setting of that name is
    changed, or one is added: behind the last comment that shows it (`#max_clients = 5000`), else at the end. None takes
    the setting away wherever it is. Raises `Unreadable` when the lens does not take the text or the value.
    """
    if any(map(RESERVED.search, (text, *filter(None, values.values())))):
        raise Unreadable(f"{path} would contain a control character that augeas cannot write")
    try:
        with _lock:
            augeas = _stored(lens, text)
            for label, value in values.items():
                _change(augeas, label, value)
            return _retrieved(augeas, lens, text)
    except _Refused as why:
        raise Unreadable(f"{path}{why}") from None


class _Refused(Exception):
    """Why the lens did not take a text: the end of a sentence that begins with the file's name."""


@lru_cache(maxsize=128)  # the same file on a thousand hosts is parsed once
def _nodes(lens: str, text: str) -> tuple[Node, ...]:
    with _lock:
        augeas = _stored(lens, text)
        if augeas.match(f"/out[count(/out//*) > {MOST_NODES}]"):
            raise _Refused(f" has more than {MOST_NODES} settings")
        found = [
            (path, augeas.label(path), augeas.get(path), augeas.span(path)[3:])
            for path in augeas.match("/out//*[label() != '#comment']")
        ]
    at = _characters(text)
    below: dict[str, list[tuple[int, Node]]] = {}
    # the deepest first, so that a node's children are known when it is made
    for path, label, value, (value_start, value_end, start, end) in sorted(found, key=lambda row: -len(row[0])):
        place = (start, end) if value is None else (value_start, value_end)
        children = tuple(node for _, node in sorted(below.pop(path, []), key=lambda pair: pair[0]))
        parent = SLASH.split(path)[0]
        below.setdefault(parent, []).append((start, Node(label, value, at(place[0]), at(place[1]), children)))
    return tuple(node for _, node in sorted(below.get("/out", []), key=lambda pair: pair[0]))


def load(lens: str) -> None:
    """Load augeas and a lens, which takes a while, where there is time for it."""
    _nodes(lens, "")


@lru_cache(maxsize=1)
def _augeas() -> Augeas:
    import augeas  # here, since most commands parse no file

    return augeas.Augeas(
        root="/dev/null",
        loadpath=str(Path(__file__).resolve().parent / "lenses"),
        flags=augeas.Augeas.NO_LOAD | augeas.Augeas.NO_MODL_AUTOLOAD | ENABLE_SPAN,
    )


def _stored(lens: str, text: str) -> Augeas:
    """Augeas with the text's tree under /out, and nothing else that an earlier text left."""
    if len(text) > LIMIT:
        raise _Refused(f" is longer than {LIMIT // 1024} Ki characters")
    if "\0" in text:
        raise _Refused(" contains a NUL character")
    augeas = _augeas()
    for path in ("/in", "/out", "/augeas/text"):
        augeas.remove(path)
    try:
        augeas.set("/in", _ended(text))
        augeas.text_store(lens, "/in", "/out")
    except UnicodeEncodeError:
        raise _Refused(" is not UTF-8") from None
    except ValueError:
        raise _Refused(_error(augeas, text)) from None
    return augeas


def _error(augeas: Augeas, text: str) -> str:
    where = augeas.get("/augeas/text/out/error/pos")
    # a failed put repeats tree and grammar below its first line
    what = (augeas.get("/augeas/text/out/error/message") or "augeas gives no reason").partition("\n")[0]
    if where is None:
        return f": {what}"
    offset = _characters(text)(int(where))
    line_start = text.rfind("\n", 0, offset) + 1
    return f":{text.count(chr(10), 0, offset) + 1}:{offset - line_start + 1}: {what}"


def _change(augeas: Augeas, label: str, value: str | None) -> None:
    if value is None:
        augeas.remove(f"/out/{label}")
        return
    if not augeas.match(f"/out/{label}"):
        shown = [
            path
            for path in augeas.match("/out/#comment")
            if (augeas.get(path) or "").lstrip().partition("=")[0].rstrip() == label
        ]
        if shown:
            augeas.insert(shown[-1], label, before=False)
    augeas.set(f"/out/{label}[1]", value)


def _retrieved(augeas: Augeas, lens: str, text: str) -> str:
    try:
        augeas.text_retrieve(lens, "/in", "/out", "/back")
    except ValueError:
        raise _Refused(_error(augeas, text)) from None
    back = augeas.get("/back") or ""
    return back if _ended(text) == text else back.removesuffix("\n")


def _ended(text: str) -> str:
    """The text with the newline at its end that lenses ask for."""
    return text if text.endswith("\n") or not text else text + "\n"


def _characters(text: str) -> Callable[[int], int]:
    """What turns augeas' offsets, which count bytes of UTF-8, into offsets that count characters."""
    if text.isascii():
        return lambda offset: min(offset, len(text))
    offsets = [index for index, character in enumerate(text) for _ in character.encode()]
    return lambda offset: offsets[offset] if offset < len(offsets) else len(text)
