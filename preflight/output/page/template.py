"""Fills the templates of HTML pages. No text of a host acts as markup, and a page loads and runs nothing of others.

The only module that loads jinja2. Every value is escaped, in texts and in attributes, after its control characters have
been made visible. The policy in the page's head allows its own style sheet and its own script, by their digests, and
nothing else: should markup get through, a browser still runs none of it.
"""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from preflight.visible import clean

_HERE = Path(__file__).parent
#: Characters of one text that are shown.
_LONGEST = 100_000
#: Code points that are no characters: HTML allows them nowhere, not even escaped.
_NO_CHARACTERS = {
    number: f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
    for number in (
        *range(0xFDD0, 0xFDF0),
        *(plane + last for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)),
    )
}


def fill(name: str, **values: object) -> str:
    """Return the page that a template of this package makes of the values, with a final newline.

    A style sheet with the template's name is added to that of all pages.
    """
    style, script = (_inline(f"page.{kind}") for kind in ("css", "js"))
    own = Path(name).with_suffix(".css").name
    style += f"\n{_inline(own)}" if (_HERE / own).exists() else ""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    policy = {"style": _digest(style), "script": _digest(script)}
    return environment.get_template(name).render(
        # the two files of this package, not text of a host
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        policy=policy,
        **values,
    )


def _inline(name: str) -> str:
    """Return a file of this package without its indentation and its comments on lines of their own."""
    lines = (line.strip() for line in (_HERE / name).read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _visible(value: object) -> object:
    """Return a value as it is to be escaped: text with its control characters made visible, and not without end."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    more = len(value) - _LONGEST
    shown = clean(value if more <= 0 else f"{value[:_LONGEST]}… ({more} more characters)")
    return shown if shown.isascii() else shown.translate(_NO_CHARACTERS)
