"""Finds the rule that explains an error of libvirt's: the one whose documentation quotes it."""

import re
from functools import cache

from preflight.judge.ruleset import load

_QUOTED = re.compile(r'"([^"]{12,}?)"')
#: What stands in many errors, whatever their cause.
_ANYTHING = ("End of file while reading data", "unable to connect to server", "operation failed")


def explaining(error: str) -> str | None:
    """The rule that quotes the longest part of this error."""
    found = [(len(quoted), name) for quoted, name in _quotes() if quoted in error]
    return max(found)[1] if found else None


@cache
def _quotes() -> tuple[tuple[str, str], ...]:
    """What each rule quotes, up to the first word that is an example's own."""
    quotes = []
    for rule in load():
        for quoted in _QUOTED.findall(" ".join(rule.text.why.split())):
            text = quoted.split("'")[0].rstrip(" .:")
            if len(text) >= 12 and not text.startswith(_ANYTHING):
                quotes.append((text, rule.name))
    return tuple(quotes)
