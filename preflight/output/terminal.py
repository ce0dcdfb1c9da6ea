"""Text that is safe and readable on a terminal: no escape sequence of a host's gets through, lines fit."""

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence

from preflight.visible import CONTROL, clean, one_line

__all__ = ["CONTROL", "clean", "columns", "excerpt", "labelled", "one_line", "padded", "paint", "places", "width"]

#: Characters of a file's line that are shown.
_EXCERPT = 240
#: Of these, how many before a value that lies further right.
_BEFORE = 40

_COLOURS = {"red": "31", "yellow": "33", "green": "32", "blue": "34", "bold": "1", "dim": "2"}


def width() -> int | None:
    """The columns that a line may take; None where it goes to no terminal, since grep wants whole lines."""
    if "COLUMNS" in os.environ or sys.stdout.isatty():
        return min(shutil.get_terminal_size().columns, 120)
    return None


def paint(text: str, *styles: str, colour: bool) -> str:
    """Text in a colour, or as it is."""
    if not colour:
        return text
    return f"\x1b[{';'.join(_COLOURS[style] for style in styles)}m{text}\x1b[0m"


def labelled(label: str, text: str, *, width: int | None, indent: int = 2, column: int = 9) -> list[str]:
    """`label: text`, or no label; the text is wrapped at `width` characters (None: never) and hangs under itself."""
    head = f"{' ' * indent}{label + ':' if label else '':<{column}}"
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
    return lines


def columns(rows: Sequence[Sequence[str]], gap: int = 2) -> list[str]:
    """Rows of cells as lines, each column as wide as its widest cell; the first row is underlined as heads."""
    widths = [max(map(places, column)) for column in zip(*rows, strict=True)]
    ruled = [rows[0], ["-" * wide for wide in widths], *rows[1:]]
    return [
        (" " * gap).join(padded(cell, wide) for cell, wide in zip(row, widths, strict=True)).rstrip() for row in ruled
    ]


def padded(text: str, wide: int) -> str:
    """The text with spaces behind it, so that it takes that many places on a terminal."""
    return text + " " * (wide - places(text))


def excerpt(line: str, column: int, end_column: int, number: int) -> list[str]:
    """A file's line with a caret under the characters from `column` to before `end_column` (both from 1)."""
    gutter = max(3, len(str(number)))
    # a long line is shown from shortly before the value on
    first = 0 if column <= _EXCERPT - _BEFORE else column - 1 - _BEFORE
    window = line[first : first + _EXCERPT]
    start, end = "…" if first else "", "…" if len(line) > first + _EXCERPT else ""
    before, value = window[: column - 1 - first], window[column - 1 - first : end_column - 1 - first]
    # a tab is one character and an unknown number of places: keep it, so that the caret's line has it too
    indent = "\t".join(" " * places(clean(part)) for part in f"{start}{before}".split("\t"))
    carets = "^" * max(1, places(clean(value)))
    return [
        f"{'':>{gutter}} |",
        f"{number:>{gutter}} | {start}{clean(window)}{end}",
        f"{'':>{gutter}} | {indent}{carets}",
    ]


def places(text: str) -> int:
    """How many places on a terminal a text takes that was made visible; a tab in it counts as one."""
    if text.isascii():  # nearly always: wcwidth takes 20 ms to load
        return len(text)
    from wcwidth import wcswidth

    return wcswidth(text.replace("\t", " "))


def _wrap(text: str) -> Callable[..., list[str]]:
    """What wraps such a text by the places that it takes."""
    if text.isascii():
        return textwrap.wrap
    from wcwidth import wrap

    return wrap
