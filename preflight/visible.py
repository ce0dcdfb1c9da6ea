"""Control characters in text of hosts and files made visible, so that none reaches a terminal or a program."""

import re

#: Characters that control a terminal, change the direction of text, end a line in other programs, or are invalid.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

#: A name that is one word.
_PLAIN = re.compile(r"[\w.+@:-]+")


def clean(text: str) -> str:
    """Return text from a host with every control character made visible; newlines and tabs stay."""
    return CONTROL.sub(
        lambda match: f"\\x{ord(match[0]):02x}" if ord(match[0]) < 256 else f"\\u{ord(match[0]):04x}", text
    )


def one_line(text: str) -> str:
    """Return the text as `clean` does, on one line: text of a host must not look like a line of the report."""
    return " ".join(clean(text).splitlines())


def named(name: str) -> str:
    """Return a guest's name for the beginning of a line, in quotes if it could pass for words of the report."""
    shown = one_line(name)
    return shown if _PLAIN.fullmatch(shown) else f"'{shown}'"


def encodable(text: str) -> str:
    """Return text with lone surrogates, which neither UTF-8 nor JSON can represent, as backslash escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def escaped(json: str) -> str:
    r"""Return JSON with every control character written as \u; JSON itself requires that only below a space."""
    return CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", json)
