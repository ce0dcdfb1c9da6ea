"""Text of hosts and files as Markdown, and tables of it."""

import re
from collections.abc import Iterable, Iterator, Sequence

from preflight.visible import one_line

#: Characters that mean something in Markdown or in a table.
_SPECIAL = {ord(one): f"\\{one}" for one in r"\`*_[]#|~$"} | {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
}
#: The beginning of a word that would call somebody.
_MENTION = re.compile(r"(?<!\w)@(?=\w)")
#: What makes a link of a word without any markup.
_LINK = re.compile(r"(?<=\w)(:/)(/)|(?<!\w)(ww)(w\.)", re.IGNORECASE)


def text(value: str) -> str:
    """Return text of a host or a file as Markdown that shows it, in one line: no markup, no mention, no table cell."""
    line = one_line(value).translate(_SPECIAL)
    line = _LINK.sub(lambda match: "<!-- -->".join(filter(None, match.groups())), line)
    return _MENTION.sub("@<!-- -->", line)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, whose cells are Markdown already, and an empty line."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""
