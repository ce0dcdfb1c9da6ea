"""Text of hosts and files as it is shown: control characters made visible, and names of guests left out."""

import re
from collections.abc import Callable

#: Characters that control a terminal, change the direction of text, end a line in other programs, or are invalid.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

#: Replaces a guest's name in a text that is the same for several guests.
GUEST = "GUEST"

#: A name that is one word, and does not begin as a command to the runner of a CI job does.
_PLAIN = re.compile(r"[\w.+@-][\w.+@:-]*")


class _Table(dict[int, str]):
    """What `str.translate` puts for each character, made when one is first met.

    A table takes no memory for each of the millions of control characters that a host may send.
    """

    def __init__(self, shown: Callable[[int], str]) -> None:
        super().__init__()
        self._shown = shown

    def __missing__(self, code: int) -> str:
        shown = self[code] = self._shown(code) if CONTROL.match(chr(code)) else chr(code)
        return shown


_VISIBLE = _Table(lambda code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")
_ESCAPED = _Table(lambda code: f"\\u{code:04x}")


def clean(text: str) -> str:
    """Return text from a host with every control character made visible; newlines and tabs stay."""
    return text.translate(_VISIBLE) if CONTROL.search(text) else text


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
    return json.translate(_ESCAPED) if CONTROL.search(json) else json


def unnamed(text: str, guest: str | None) -> str:
    """Return the text with `GUEST` for the guest's name, where the name is a whole word."""
    if not guest or guest not in text:
        return text
    return re.sub(rf"(?<!\w){re.escape(guest)}(?!\w)", GUEST, text)


def many(number: int, what: str) -> str:
    """Return a number of things, whose name takes an s."""
    return f"{number} {what}{'' if number == 1 else 's'}"
