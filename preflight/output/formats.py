"""The output formats: a row for each subject, and one protocol for all of them."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from preflight.errors import UserError


class Render(Protocol):
    """A function that turns one subject into text in one format; only a person's terminal gets colour."""

    def __call__(self, subject: Any, colour: bool) -> str:
        """Return the text, with a final newline."""


#: The formats of each subject. A format is a module, `preflight.output.<subject>.<format>`, with a `Render`.
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
    """Raise `UserError` if the subject does not have this format."""
    if name not in FORMATS[subject]:
        raise UserError(f"--format: {name!r} is not one of {', '.join(FORMATS[subject])}")


def load(subject: str, name: str) -> Render:
    """Load a format's module, at a time when nothing waits for it."""
    return cast("Render", import_module(f"preflight.output.{subject}.{name}").render)


def render(subject: str, name: str, value: Any, *, colour: bool = False) -> str:
    """Return the value as text in one of the subject's formats; the subject's modules say what type it has."""
    return load(subject, name)(value, colour)
