"""Redaction of passwords in libvirt's configuration files, whether set or commented out.

Follows the grammar of src/util/virconf.c, which has not changed from libvirt 0.8 to 12.5: settings are separated by
`;` or the end of a line, a comment runs to the end of its line, a value is a string in one of three kinds of quotes, a
number, or a list of those. The syntax, the type of each value and the line numbers stay the same.
"""

import re
from collections.abc import Iterator
from hashlib import sha256

from preflight.answers import BLANK
from preflight.facts.text.augeas import LIMIT

#: Words in the name of a setting that contains a secret.
_WORDS = ("password", "passphrase", "passwd", "secret", "credential", "token")
_SEPARATORS = re.compile(r"[ \t\r\n;]*+")
_LINE = re.compile(r"[^\r\n]*+")
_SETTING = re.compile(r"([A-Za-z][A-Za-z0-9_]*+)[ \t]*+=[ \t]*+")
#: The end of a setting: the rest of its line is not part of it.
_ENDS = re.compile(r"[ \t]*+(?=[\r\n;#]|\Z)")
#: A single value, or one of a list; unclosed quotes end with the line.
_SCALAR = re.compile(
    r"""\"{3}(?P<long>(?:[^"]|"(?!""))*+)\"{3}|(?P<quote>'|"(?!""))(?P<short>(?:(?!(?P=quote))[^\r\n])*+)(?P=quote)?"""
    r"""|""|(?P<sign>[+-]?)[0-9]++"""
)
_BETWEEN = re.compile(r"[ \t\r\n,]*+")
#: Text in a comment that a person would read as a setting.
_MENTIONED = re.compile(r"(?<![A-Za-z0-9_])([A-Za-z0-9_]++)[ \t]*+[=:][ \t]*+(?=\S)")
_QUOTED = re.compile(r"""(?P<quotes>\"{3}|"(?!"")|')(?P<inner>.*?)(?P=quotes)""")


#: Texts without their secrets, by the digests of those with them, which are not kept: many hosts have the same files.
_known: dict[bytes, str] = {}
_MOST_KNOWN = 64


def without_secrets(text: str) -> str:
    """Return the text of a file with every secret blanked out; asterisks alone if it is too long to be parsed."""
    lowered = text.lower()
    if not any(word in lowered for word in _WORDS):
        return text
    if len(text) > LIMIT:
        return "*" * (LIMIT + 1)
    digest = sha256(text.encode(errors="surrogatepass")).digest()
    found = _known.get(digest)
    if found is None:
        found = "".join(_pieces(text))
        if len(_known) < _MOST_KNOWN:
            _known[digest] = found
    return found


def _is_secret(name: str) -> bool:
    """Report whether a setting contains a secret; *_uuid only refers to a secret that libvirt stores elsewhere."""
    lowered = name.lower()
    return any(word in lowered for word in _WORDS) and not lowered.endswith("_uuid")


def _pieces(text: str) -> Iterator[str]:
    at = 0
    #: Delimiter that would close a value that started on an earlier line of a comment.
    closing = ""
    while at < len(text):
        start = _end(_SEPARATORS, text, at)
        yield text[at:start]
        at = start
        setting = _SETTING.match(text, at)
        if setting is None:
            # a comment, or text for which libvirt rejects the file: secrets are found as a person would find them
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
    """Return the end of a value; an invalid value ends where libvirt would reject it."""
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
    """Return a scalar of the same type without its content; an empty one is not a secret."""
    if found["long"] is not None:
        return f'"""{_filled(found["long"])}"""'
    if found["quote"]:
        closed = found["quote"] if found.end() > found.end("short") else ""
        return found["quote"] + _filled(found["short"]) + closed
    return found.group() if found["sign"] is None else found["sign"] + "0"


def _filled(secret: str) -> str:
    return BLANK + "\n" * secret.count("\n") if secret else ""


def _remark(line: str, closing: str) -> tuple[str, str]:
    """Return a comment without its secrets, and the delimiter that would close one that continues on the next line."""
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
