"""Text for a terminal: no control character of a host gets through, and lines fit the width."""

import contextlib
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from itertools import zip_longest

from preflight.visible import CONTROL, clean, named, one_line

__all__ = [
    "CONTROL",
    "clean",
    "columns",
    "excerpt",
    "labelled",
    "listed",
    "one_line",
    "padded",
    "paint",
    "places",
    "unlimited",
    "width",
    "wrapped",
]

#: Characters of a file's line that are shown, where no width says less.
_EXCERPT = 240
#: The least that is shown of it, however narrow the terminal.
_LEAST = 20
#: As wide as a tab can be.
_TAB = " " * 8
#: The columns to which a column of a table is narrowed by breaking words anywhere.
_NARROWEST = 8
#: Names in a list that is shown in part.
_NAMED = 10

#: The pieces that a word too long for its column is broken into: paths, names of rules, addresses.
_PIECES = re.compile(r"[^-/_.,:=]*[-/_.,:=]|[^-/_.,:=]+")

#: What begins a command to the runner of a CI job: GitHub's and Azure's.
_COMMAND = re.compile(r"^(\s*)(::|##)")

_COLOURS = {"red": "31", "yellow": "33", "green": "32", "blue": "34", "bold": "1", "dim": "2"}


#: Whether text goes to a file, whatever standard output is.
_to_file = ContextVar("_to_file", default=False)


@contextlib.contextmanager
def unlimited() -> Iterator[None]:
    """Let lines take as many columns as they need in this context, unless COLUMNS is set."""
    before = _to_file.set(True)
    try:
        yield
    finally:
        _to_file.reset(before)


def width() -> int | None:
    """Return the columns that a line may take; None if the output is no terminal, since grep needs whole lines."""
    if "COLUMNS" in os.environ or (sys.stdout.isatty() and not _to_file.get()):
        return min(shutil.get_terminal_size().columns, 120)
    return None


def paint(text: str, *styles: str, colour: bool) -> str:
    """Return the text in a colour, or unchanged without `colour`."""
    if not colour:
        return text
    return f"\x1b[{';'.join(_COLOURS[style] for style in styles)}m{text}\x1b[0m"


def labelled(label: str, text: str, *, width: int | None, indent: int = 2, column: int = 9) -> list[str]:
    """Return the lines of `label: text`, wrapped at `width` columns (None: never), with a hanging indent.

    Without a label the text begins in the same column.
    """
    head = " " * indent + padded(f"{label}:" if label else "", column)
    lines: list[str] = []
    for number, paragraph in enumerate(clean(text).splitlines() or [""]):
        start = head if number == 0 else " " * len(head)
        if width is None:
            lines.append((start + paragraph).rstrip())
        else:
            lines += _wrap(paragraph)(
                paragraph,
                max(width, len(head) + 20),
                initial_indent=start,
                subsequent_indent=" " * len(head),
                break_long_words=False,
                break_on_hyphens=False,
            ) or [start.rstrip()]
    return [lines[0] if label else _no_command(lines[0]), *map(_no_command, lines[1:])]


def _no_command(line: str) -> str:
    """Return a line that the runner of a CI job does not take for a command of its own, which may be indented."""
    return _COMMAND.sub(r"\1\\\2", line)


def wrapped(text: str, *, width: int | None, indent: int = 2) -> list[str]:
    """Return a line wrapped at `width` columns (None: never); what follows is indented."""
    if width is None or places(text) <= width:
        return [_no_command(text)]
    lines = _wrap(text)(
        text,
        max(width, indent + 20),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return list(map(_no_command, lines))


def listed(names: Sequence[str], where: str = "") -> str:
    """Return the names on one line: the first of them and the number of the rest, with `where` these are listed."""
    shown = ", ".join(map(named, names[:_NAMED]))
    if len(names) <= _NAMED:
        return shown
    return f"{shown} and {len(names) - _NAMED} more" + (f" ({where})" if where else "")


def columns(rows: Sequence[Sequence[str]], *, width: int | None = None, gap: int = 2) -> list[str]:
    """Return rows of cells as lines, under the underlined first row.

    Each column is as wide as its widest cell. If the lines would exceed `width`, the widest columns are narrowed and
    their cells wrapped: at words, then with one space between columns, inside paths and hyphenated words, and only
    then anywhere.
    """
    widths = [max(map(places, column)) for column in zip(*rows, strict=True)]
    if width is not None:
        widths, gap = _narrowed(rows, widths, width, gap)
    ruled = [rows[0], ["-" * wide for wide in widths], *rows[1:]]
    return [
        _no_command((" " * gap).join(padded(part, wide) for part, wide in zip(parts, widths, strict=True)).rstrip())
        for row in ruled
        for parts in zip_longest(*(_cell(cell, wide) for cell, wide in zip(row, widths, strict=True)), fillvalue="")
    ]


def _narrowed(rows: Sequence[Sequence[str]], widths: Sequence[int], width: int, gap: int) -> tuple[list[int], int]:
    """Return the widths of columns that take `width` together, as far as that can be, and the gap between them."""
    between = len(widths) - 1
    if sum(widths) + gap * between <= width:
        return list(widths), gap
    cells = [set(column) for column in zip(*rows, strict=True)]
    narrowed = [
        wide if wide <= width else _widest(column, max(width, 1)) for wide, column in zip(widths, cells, strict=True)
    ]
    in_words = [{word for cell in column for word in cell.split()} for column in cells]
    words = [max(map(places, column), default=0) for column in in_words]
    pieces = [
        max((places(piece) for word in column for piece in _PIECES.findall(word)), default=0) for column in in_words
    ]
    for floors, least in ((words, gap), (pieces, 1), ([_NARROWEST] * len(widths), 1)):
        gap = least
        while sum(narrowed) + gap * between > width:
            spare = [number for number, wide in enumerate(narrowed) if wide > floors[number]]
            if not spare:
                break
            widest = max(spare, key=narrowed.__getitem__)
            # one column less can save several: what is wrapped may be narrower than where it was wrapped
            narrowed[widest] = _widest(cells[widest], narrowed[widest] - 1)
        else:
            break
    return narrowed, gap


def _widest(cells: Iterable[str], wide: int) -> int:
    """Return the columns that cells take which are wrapped at that many."""
    return max(places(line) for cell in cells for line in _cell(cell, wide))


def _cell(text: str, wide: int) -> list[str]:
    """Return the lines of a cell that is so wide."""
    if places(text) <= wide:
        return [text]
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if places(joined) > wide:
            lines += [line] if line else []
            *full, joined = _broken(word, wide)
            lines += full
        line = joined
    return [*lines, line]


def _broken(word: str, wide: int) -> Iterator[str]:
    """Yield a word in parts that are no wider than that, broken after punctuation if possible."""
    if places(word) <= wide:
        yield word
        return
    part = ""
    for piece in _PIECES.findall(word):
        for one in [piece] if places(piece) <= wide else piece:
            if part and places(part + one) > wide:
                yield part
                part = ""
            part += one
    yield part


def padded(text: str, wide: int) -> str:
    """Return the text padded with spaces to that many columns on a terminal."""
    return text + " " * (wide - places(text))


def excerpt(line: str, column: int, end_column: int, number: int, *, width: int | None = None) -> list[str]:
    """Return a file's line with a caret under the characters from `column` to before `end_column` (both from 1).

    A line that is too long for `width` is cut, with a mark at each end that is missing.
    """
    line = line.replace("\n", " ")  # as a report that was edited may have it
    gutter = max(3, len(str(number)))
    length = _EXCERPT
    first, start, end = _window(line, column, length)
    while width is not None and length > _LEAST:
        shown = f"{'':>{gutter}} | {start}{clean(line[first : first + length])}{end}"
        if places(shown.replace("\t", _TAB)) <= width:
            break
        length -= 1
        first, start, end = _window(line, column, length)
    window = line[first : first + length]
    before, value = window[: column - 1 - first], window[column - 1 - first : end_column - 1 - first]
    # a tab is one character and an unknown number of places: keep it, so that the caret's line has it too
    indent = "\t".join(" " * places(clean(part)) for part in f"{start}{before}".split("\t"))
    carets = "^" * max(1, places(clean(value)))
    return [
        f"{'':>{gutter}} |",
        f"{number:>{gutter}} | {start}{clean(window)}{end}",
        f"{'':>{gutter}} | {indent}{carets}",
    ]


def _window(line: str, column: int, length: int) -> tuple[int, str, str]:
    """Return where the shown part of a line begins, so that `column` is in it, and the marks of what is cut off."""
    before = length // 6
    first = 0 if column <= length - before else column - 1 - before
    return first, "…" if first else "", "…" if len(line) > first + length else ""


def places(text: str) -> int:
    """Return the columns that a visible text takes on a terminal; a tab counts as one."""
    if text.isascii():  # nearly always: wcwidth takes 20 ms to load
        return len(text)
    from wcwidth import wcswidth

    return wcswidth(text.replace("\t", " "))


def _wrap(text: str) -> Callable[..., list[str]]:
    """Return the function that wraps such a text by the columns that it takes."""
    if text.isascii():
        return textwrap.wrap
    from wcwidth import wrap

    return wrap
