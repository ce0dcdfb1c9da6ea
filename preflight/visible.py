"""Text of hosts and files made visible: no control character of theirs reaches a terminal, or a program as one."""

import re

#: What steers a terminal, turns the direction of what follows, ends a line elsewhere, or is no character at all.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

#: A name of one word.
_PLAIN = re.compile(r"[\w.+@:-]+")


def clean(text: str) -> str:
    """Text from a host with every control character made visible; newlines and tabs stay."""
    return CONTROL.sub(
        lambda match: f"\\x{ord(match[0]):02x}" if ord(match[0]) < 256 else f"\\u{ord(match[0]):04x}", text
    )


def one_line(text: str) -> str:
    """As `clean`, on one line: what a host says must not look like a line of the report's own."""
    return " ".join(clean(text).splitlines())


def named(name: str) -> str:
    """A guest's name that begins a line: in quotes where it could pass for words of the report's own."""
    shown = one_line(name)
    return shown if _PLAIN.fullmatch(shown) else f"'{shown}'"


def encodable(text: str) -> str:
    """Text whose lone surrogates, which neither UTF-8 nor JSON can hold, are written as backslash escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def escaped(json: str) -> str:
    r"""JSON in which every control character is written as \u; JSON itself demands that only below a space."""
    return CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", json)
