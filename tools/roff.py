"""Markdown as a manual page: paragraphs, lists, tables and code in the macros of man(7).

Only what the hand-written pages contain; anything else raises `KeyError`, so that no text is left out without a word.
"""

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable("table")

#: Inline tokens that change the font, with the escape that does so.
_FONTS = {
    "strong_open": r"\fB",
    "strong_close": r"\fR",
    "em_open": r"\fI",
    "em_close": r"\fR",
    "link_open": "",
    "link_close": "",
    "softbreak": " ",
}


def section(page: str, title: str) -> str:
    """Return the text under a heading of a Markdown page, up to the next heading of the same level or above.

    Raises `ValueError` if there is no such heading.
    """
    opened = re.search(rf"^(#+) {re.escape(title)}$\n", page, re.MULTILINE)
    if opened is None:
        raise ValueError(f"no heading {title!r}")
    rest = page[opened.end() :]
    closed = re.search(rf"^#{{1,{len(opened[1])}}} ", rest, re.MULTILINE)
    return rest[: closed.start()] if closed else rest


def escaped(text: str) -> str:
    """Return text of which a formatter changes nothing: no escape, no dash for a hyphen, no curly quote."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return plain.replace("^", "\\(ha").replace("~", "\\(ti")


def paragraph(text: str) -> str:
    """Return escaped text as a line of input that is no request."""
    return f"\\&{text}" if text[:1] in {".", "'"} else text


def tagged(tag: str, body: str) -> str:
    """Return a tagged paragraph of two escaped texts; the tag alone if there is no body."""
    return f".TP\n{paragraph(tag)}\n{paragraph(body) or chr(92) + '&'}\n"


def example(lines: Sequence[str]) -> str:
    """Return lines as they are, indented and not filled."""
    return "\n".join((".RS 4", ".nf", *(paragraph(escaped(line)) for line in lines), ".fi", ".RE", ""))


def roff(markdown: str) -> str:
    """Return Markdown without headings as the body of a section."""
    return "".join(_blocks(iter(_PARSER.parse(markdown)))).removeprefix(".PP\n")


def _blocks(tokens: Iterator[Token]) -> Iterator[str]:
    for token in tokens:
        match token.type:
            case "paragraph_open":
                yield f".PP\n{_paragraph(tokens)}\n"
            case "bullet_list_open":
                yield from _list(tokens)
            case "table_open":
                yield from _table(tokens)
            case "fence":
                yield example(token.content.splitlines())
            case other:
                raise KeyError(other)


def _paragraph(tokens: Iterator[Token]) -> str:
    text = _inline(next(tokens))
    next(tokens)  # paragraph_close
    return paragraph(text)


def _list(tokens: Iterator[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "bullet_list_close":
            return
        if token.type == "paragraph_open":
            yield f".IP \\(bu 2\n{_paragraph(tokens)}\n"


def _table(tokens: Iterator[Token]) -> Iterator[str]:
    """Yield a tagged paragraph for each row: its first cell, then the others, each under its heading if they are many.

    Columns would be too narrow for sentences.
    """
    headings, *rows = list(_rows(tokens))
    for tag, *cells in rows:
        filled = [(heading, cell) for heading, cell in zip(headings[1:], cells, strict=True) if cell]
        if len(headings) == 2:
            yield tagged(tag, "; ".join(cell for _, cell in filled))
            continue
        first, *others = [f"{heading}: {cell}" for heading, cell in filled]
        yield tagged(tag, first) + "".join(f".br\n{paragraph(other)}\n" for other in others)


def _rows(tokens: Iterator[Token]) -> Iterator[list[str]]:
    row: list[str] = []
    for token in tokens:
        if token.type == "table_close":
            return
        if token.type == "inline":
            row.append(_inline(token))
        if token.type == "tr_close":
            yield row
            row = []


def _inline(token: Token) -> str:
    """Return the text of an inline token; names of files in links are dropped, their text stays."""
    return "".join(_pieces(token.children or ()))


def _pieces(children: Sequence[Token]) -> Iterator[str]:
    for child in children:
        match child.type:
            case "text":
                yield escaped(child.content)
            case "code_inline":
                yield rf"\fB{escaped(child.content)}\fR"
            case other:
                yield _FONTS[other]
