"""The formats of all that is printed in more than one: a row a subject, and one protocol for all of them."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from preflight.errors import UserError


class Render(Protocol):
    """Makes text of one subject in one format; nothing but a person's terminal is given colour."""

    def __call__(self, subject: Any, colour: bool) -> str:
        """Return the text, with a final newline."""


#: The formats of each subject. One is a module, `preflight.output.<subject>.<format>`, whose `render` is a `Render`.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "report": ("text", "table", "json"),
    "capacity": ("text", "json"),
    "fix": ("text", "ansible"),
    "ledger": ("text", "json"),
    "runs": ("text", "json"),
    "rules": ("text", "markdown"),
    "rule": ("text",),
    "explanation": ("text",),
}


def require(subject: str, name: str) -> None:
    """Raise `UserError` for a format that the subject does not have."""
    if name not in FORMATS[subject]:
        raise UserError(f"--format: {name!r} is not one of {', '.join(FORMATS[subject])}")


def load(subject: str, name: str) -> Render:
    """Load what a format takes, where there is time for it."""
    return cast("Render", import_module(f"preflight.output.{subject}.{name}").render)


def render(subject: str, name: str, value: Any, *, colour: bool = False) -> str:
    """Return the value, of the kind that the subject's modules take, in one of its formats."""
    return load(subject, name)(value, colour)
