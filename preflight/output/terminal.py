"""Text that is safe and readable on a terminal: no escape sequence of a host's gets through, lines fit."""

import re
import textwrap

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_COLOURS = {"red": "31", "yellow": "33", "green": "32", "blue": "34", "bold": "1", "dim": "2"}


def clean(text: str) -> str:
    """Text from a host with every control character made visible; newlines and tabs stay."""
    return _CONTROL.sub(
        lambda match: f"\\x{ord(match[0]):02x}" if ord(match[0]) < 256 else f"\\u{ord(match[0]):04x}", text
    )


def paint(text: str, *styles: str, colour: bool) -> str:
    """Text in a colour, or as it is."""
    if not colour:
        return text
    return f"\x1b[{';'.join(_COLOURS[style] for style in styles)}m{text}\x1b[0m"


def labelled(label: str, text: str, *, width: int | None, indent: int = 2, column: int = 9) -> list[str]:
    """`label: text` with the text wrapped at `width` characters (None: never) and hanging under itself."""
    head = f"{' ' * indent}{label + ':':<{column}}"
    lines: list[str] = []
    for number, paragraph in enumerate(clean(text).splitlines() or [""]):
        start = head if number == 0 else " " * len(head)
        if width is None:
            lines.append((start + paragraph).rstrip())
        else:
            lines += textwrap.wrap(
                paragraph,
                max(width, len(head) + 20),
                initial_indent=start,
                subsequent_indent=" " * len(head),
                break_long_words=False,
                break_on_hyphens=False,
            ) or [start.rstrip()]
    return lines


def excerpt(line: str, column: int, end_column: int, number: int) -> list[str]:
    """A file's line with a caret under the characters from `column` to before `end_column` (both from 1)."""
    gutter = max(3, len(str(number)))
    # a tab is one character and an unknown number of places: keep it, so that the caret's line has it too
    before = "".join("\t" if character == "\t" else " " for character in line[: column - 1])
    carets = "^" * max(1, end_column - column)
    shown, rest = clean(line[:240]), len(line) > 240
    return [
        f"{'':>{gutter}} |",
        f"{number:>{gutter}} | {shown}{'…' if rest else ''}",
        f"{'':>{gutter}} | {before}{carets}" if column <= 240 else f"{'':>{gutter}} |",
    ]
