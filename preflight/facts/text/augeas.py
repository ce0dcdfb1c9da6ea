"""Parsing and editing of configuration text with augeas. No other module uses augeas.

Nothing is loaded from the files of this machine: text goes in, nodes or text come out, within milliseconds.
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

#: Maximum length of a text, in characters; the largest real file (qemu.conf) has 40,000. Keeps the time below two
#: seconds.
LIMIT = 128 * KIB
#: Maximum number of nodes: augeas takes time proportional to its square, half a second at this limit.
MOST_NODES = 4000
#: aug_flags.AUG_ENABLE_SPAN (augeas.h), which the Python binding does not name.
ENABLE_SPAN = 1 << 7
#: The last slash of a path that is not part of a label.
SLASH = re.compile(r"(?<!\\)/(?=(?:[^/\\]|\\.)*\Z)")

#: Characters that augeas itself puts between the nodes of a tree that it writes (RESERVED_FROM to RESERVED_TO, lens.h
#: of 1.14). If a text contains one, augeas changes the text or aborts the process.
RESERVED = re.compile(r"[\x01-\x04]")

_lock = threading.Lock()


class Node(Struct, frozen=True):
    """Node of the tree into which a lens parses a file. Comments are left out."""

    label: str
    #: None if the lens stores no value.
    value: str | None
    #: Position of the value in the text, in characters from 0, end excluded; that of the whole node if it has no value.
    start: int
    end: int
    children: tuple[Node, ...] = ()


def parse(lens: str, path: str, text: str) -> tuple[Node, ...]:
    """Return the top-level nodes of the text, in order; raises `Unreadable` if the lens does not match it.

    `lens` is a name such as "Sshd.lns"; `path` is used only to name the file in errors.
    """
    try:
        return _nodes(lens, text)
    except _Refused as why:
        raise Unreadable(f"{path}{why}") from None


def edited(lens: str, path: str, text: str, values: Mapping[str, str | None]) -> str:
    """Return the text with these settings changed and every other character unchanged.

    A value is written as the lens stores it (with quotes for libvirt's files). The first setting of that name is
    changed, or one is added: after the last comment that shows it (`#max_clients = 5000`), otherwise at the end. None
    removes every occurrence of the setting. Raises `Unreadable` if the lens does not match the text or the value.
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
    """Text that the lens did not match, with the reason: the end of a sentence that begins with the file's name."""


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
    # the deepest first, so that a node's children exist when it is created
    for path, label, value, (value_start, value_end, start, end) in sorted(found, key=lambda row: -len(row[0])):
        place = (start, end) if value is None else (value_start, value_end)
        children = tuple(node for _, node in sorted(below.pop(path, []), key=lambda pair: pair[0]))
        parent = SLASH.split(path)[0]
        below.setdefault(parent, []).append((start, Node(label, value, at(place[0]), at(place[1]), children)))
    return tuple(node for _, node in sorted(below.get("/out", []), key=lambda pair: pair[0]))


def load(lens: str) -> None:
    """Load augeas and a lens ahead of time, since this takes a while."""
    _nodes(lens, "")


def version() -> str:
    """Return the version of the augeas library; raises `ImportError`, or what else loading it raises."""
    return str(_augeas().get("/augeas/version"))


@lru_cache(maxsize=1)
def _augeas() -> Augeas:
    import augeas  # imported here, since most commands parse no file

    return augeas.Augeas(
        root="/dev/null",
        loadpath=str(Path(__file__).resolve().parent / "lenses"),
        flags=augeas.Augeas.NO_LOAD | augeas.Augeas.NO_MODL_AUTOLOAD | ENABLE_SPAN,
    )


def _stored(lens: str, text: str) -> Augeas:
    """Return augeas with the text's tree under /out, and nothing left from an earlier text."""
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
    # the message of a failed put repeats the tree and the grammar below its first line
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
    """Return the text with the newline at its end that lenses require."""
    return text if text.endswith("\n") or not text else text + "\n"


def _characters(text: str) -> Callable[[int], int]:
    """Return a function that converts augeas' offsets, in bytes of UTF-8, to offsets in characters."""
    if text.isascii():
        return lambda offset: min(offset, len(text))
    offsets = [index for index, character in enumerate(text) for _ in character.encode()]
    return lambda offset: offsets[offset] if offset < len(offsets) else len(text)
