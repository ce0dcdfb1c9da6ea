"""Passwords in libvirt's configuration files, in force or commented out, taken out of the text.

Follows the grammar of src/util/virconf.c, which has not changed from libvirt 0.8 to 12.5: settings are separated by
`;` or the end of a line, a comment runs to the end of its line, a value is a string in one of three kinds of quotes, a
number, or a list of those. The syntax, the type of each value and the numbers of the lines stay as they are.
"""

import re
from collections.abc import Iterator

from preflight.facts.text.augeas import LIMIT

#: What takes the place of a secret.
BLANK = "***"
#: Parts of the name of a setting that holds a secret.
_WORDS = ("password", "passphrase", "passwd", "secret", "credential", "token")
_SEPARATORS = re.compile(r"[ \t\r\n;]*+")
_LINE = re.compile(r"[^\r\n]*+")
_SETTING = re.compile(r"([A-Za-z][A-Za-z0-9_]*+)[ \t]*+=[ \t]*+")
#: The end of a setting: what is left in its line is no part of it.
_ENDS = re.compile(r"[ \t]*+(?=[\r\n;#]|\Z)")
#: One value, or one of a list; quotes that are never closed end with the line.
_SCALAR = re.compile(
    r"""\"{3}(?P<long>(?:[^"]|"(?!""))*+)\"{3}|(?P<quote>'|"(?!""))(?P<short>(?:(?!(?P=quote))[^\r\n])*+)(?P=quote)?"""
    r"""|""|(?P<sign>[+-]?)[0-9]++"""
)
_BETWEEN = re.compile(r"[ \t\r\n,]*+")
#: What a person would take for a setting in a comment.
_MENTIONED = re.compile(r"(?<![A-Za-z0-9_])([A-Za-z0-9_]++)[ \t]*+[=:][ \t]*+(?=\S)")
_QUOTED = re.compile(r"""(?P<quotes>\"{3}|"(?!"")|')(?P<inner>.*?)(?P=quotes)""")


def without_secrets(text: str) -> str:
    """The text of a file with every secret blanked out; of one too long to be judged nothing but that it is."""
    lowered = text.lower()
    if not any(word in lowered for word in _WORDS):
        return text
    if len(text) > LIMIT:
        return "*" * (LIMIT + 1)
    return "".join(_pieces(text))


def _is_secret(name: str) -> bool:
    """Report whether a setting holds a secret; one that ends in _uuid names a secret which libvirt keeps elsewhere."""
    lowered = name.lower()
    return any(word in lowered for word in _WORDS) and not lowered.endswith("_uuid")


def _pieces(text: str) -> Iterator[str]:
    at = 0
    #: What would close a value that began in an earlier line of a comment.
    closing = ""
    while at < len(text):
        start = _end(_SEPARATORS, text, at)
        yield text[at:start]
        at = start
        setting = _SETTING.match(text, at)
        if setting is None:
            # a comment, or what libvirt refuses the file for: then a secret is found as a person would find it
            end = _end(_LINE, text, at)
            shown, closing = _remark(text[at:end], closing)
            yield shown
            at = end
            continue
        closing = ""
        yield setting.group()
        at = setting.end()
        end = _value_end(text, at)
        if not _is_secret(setting[1]):
            yield text[at:end]
        else:
            yield _SCALAR.sub(_blanked, text[at:end])
            if _ENDS.match(text, end) is None:
                if text.startswith('"""', at):  # never closed
                    yield '"""' + BLANK + "\n" * text.count("\n", end)
                    return
                yield BLANK
                end = _end(_LINE, text, end)
        at = end


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()


def _value_end(text: str, at: int) -> int:
    """Where a value ends; one that libvirt would refuse ends where it does."""
    if not text.startswith("[", at):
        return _scalar_end(text, at)
    depth = 0
    while at < len(text):
        if text[at] == "[":
            depth, at = depth + 1, at + 1
        elif text[at] == "]":
            depth, at = depth - 1, at + 1
            if depth == 0:
                break
        elif (end := _scalar_end(text, at)) > at:
            at = end
        else:
            break
        at = _end(_BETWEEN, text, at)
    return at


def _scalar_end(text: str, at: int) -> int:
    return at if text.startswith('"""', at) and text.find('"""', at + 3) < 0 else _end(_SCALAR, text, at)


def _blanked(found: re.Match[str]) -> str:
    """A scalar without its content, of the same type; what is empty is no secret."""
    if found["long"] is not None:
        return f'"""{_filled(found["long"])}"""'
    if found["quote"]:
        closed = found["quote"] if found.end() > found.end("short") else ""
        return found["quote"] + _filled(found["short"]) + closed
    return found.group() if found["sign"] is None else found["sign"] + "0"


def _filled(secret: str) -> str:
    return BLANK + "\n" * secret.count("\n") if secret else ""


def _remark(line: str, closing: str) -> tuple[str, str]:
    """A comment without the secrets that are set in it, and what would close one that goes on in the next line."""
    shown = ""
    if closing:
        end = line.find(closing)
        if end < 0:
            return "#" + BLANK, closing
        shown, line = "#" + BLANK, line[end:]
    at = 0
    for found in _MENTIONED.finditer(line):
        if found.start() < at or not _is_secret(found[1]):
            continue
        shown += line[at : found.end()]
        rest = line[found.end() :]
        quoted = _QUOTED.match(rest)
        if quoted is None:
            opened = next((close for mark, close in (('"""', '"""'), ("[", "]")) if rest.startswith(mark)), "")
            return shown + BLANK, opened if opened not in rest[1:] else ""
        shown += quoted["quotes"] + _filled(quoted["inner"]) + quoted["quotes"]
        at = found.end() + quoted.end()
    return shown + line[at:], ""
