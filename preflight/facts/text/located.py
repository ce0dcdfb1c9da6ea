"""Locations of values: the file, line and column that a finding points at."""

from typing import Generic, TypeVar

from msgspec import Struct

T_co = TypeVar("T_co", covariant=True)


class Location(Struct, frozen=True):
    """Location in a host's file. Lines and columns count from 1, columns in characters."""

    path: str
    line: int
    column: int
    #: One past the last character of the value, on the same line.
    end_column: int
    #: The whole line, without its newline, for the caret.
    text: str


class Located(Struct, Generic[T_co], frozen=True):
    """Value with the location that it was read from.

    `at` is None if the value is in no file: it is a default, or was reported by a running program.
    """

    value: T_co
    at: Location | None = None

    def __str__(self) -> str:
        return str(self.value)


def locate(path: str, text: str, start: int, end: int) -> Location:
    """Return the location of the characters `start` to `end` (offsets from 0, end excluded) in a file's text."""
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    if line_end < 0:
        line_end = len(text)
    return Location(
        path=path,
        line=text.count("\n", 0, start) + 1,
        column=start - line_start + 1,
        end_column=min(end, line_end) - line_start + 1,
        text=text[line_start:line_end],
    )
