"""The output formats: a row for each subject, and one protocol for all of them."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from preflight import stdio
from preflight.errors import UserError


class Render(Protocol):
    """A function that turns one subject into text in one format; only a person's terminal gets colour."""

    def __call__(self, subject: Any, colour: bool) -> str:
        """Return the text, with a final newline."""


#: The formats of a check, and of a rehearsal, whose report is that of a check with libvirt's answers.
_OF_CHECK = (
    "text",
    "concise",
    "table",
    "json",
    "jsonl",
    "junit",
    "sarif",
    "github",
    "gitlab",
    "markdown",
    "html",
    "prometheus",
    "nagios",
)
#: The formats of each subject. A format is a module, `preflight.output.<subject>.<format>`, with a `Render`.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "report": _OF_CHECK,
    "rehearsal": _OF_CHECK,
    "lint": _OF_CHECK,
    "capacity": ("text", "json", "markdown", "html"),
    "fix": ("text", "ansible"),
    "ledger": ("text", "json", "markdown", "html"),
    "evacuation": ("text", "json"),
    "runs": ("text", "json", "markdown", "html"),
    "rules": ("text", "json", "markdown", "html"),
    "hosts": ("text", "json"),
    "doctor": ("text", "json"),
    "audit": _OF_CHECK,
    "difference": ("text", "json", "markdown", "html"),
    "rule": ("text",),
    "questions": ("text",),
    "explanation": ("text",),
    "configuration": ("text",),
    "waivers": ("text",),
}
#: A subject whose value is one of another subject's too, and the formats that it leaves to that one's modules.
LEFT_TO: Mapping[str, tuple[str, frozenset[str]]] = {
    "rehearsal": ("report", frozenset(("concise", "junit", "sarif", "github", "gitlab", "nagios"))),
}


#: Formats for people, in the encoding of their terminal; all others are UTF-8.
FOR_PEOPLE = frozenset(("text", "concise", "table"))
#: Formats of a report that list the files that it depends on.
WITH_DIGESTS = frozenset(("json", "jsonl", "markdown", "html"))


def help_on(subject: str) -> str:
    """Return the help of an option that takes one of the subject's formats."""
    *others, last = FORMATS[subject]
    return f"Output format: {', '.join(others)} or {last}."


def require(subject: str, name: str, option: str = "--format") -> None:
    """Raise `UserError` if the subject does not have this format."""
    if name not in FORMATS[subject]:
        raise UserError(f"{option}: {name!r} is not one of {', '.join(FORMATS[subject])}")


def files(subject: str, given: Iterable[str], option: str = "--report") -> tuple[tuple[str, Path], ...]:
    """Return format and path of each FORMAT=PATH; raises `UserError`."""
    found: dict[Path, str] = {}
    for text in given:
        name, sign, typed = text.partition("=")
        if not sign or typed in ("", "-"):
            raise UserError(f"{option}: {text!r} is not FORMAT=PATH, with the path of a file")
        require(subject, name, option)
        path = Path(typed)
        if path in found:
            raise UserError(f"{option}: {typed} is given twice: name another file")
        found[path] = name
    return tuple((name, path) for path, name in found.items())


def load(subject: str, name: str) -> Render:
    """Load a format's module, at a time when nothing waits for it."""
    other, left = LEFT_TO.get(subject, (subject, frozenset[str]()))
    return cast("Render", import_module(f"preflight.output.{other if name in left else subject}.{name}").render)


def render(subject: str, name: str, value: Any, *, colour: bool = False) -> str:
    """Return the value as text in one of the subject's formats; the subject's modules say what type it has."""
    return load(subject, name)(value, colour)


def deliver(subject: str, name: str, value: Any, *, colour: bool = False) -> None:
    """Write the value to standard output in one of the subject's formats; raises `UserError`."""
    stdio.deliver(render(subject, name, value, colour=colour), for_programs=name not in FOR_PEOPLE)


def publish(
    subject: str,
    name: str,
    value: Any,
    files: Iterable[tuple[str, Path]],
    *more: Callable[[], None],
    colour: bool = False,
) -> None:
    """Write the value to standard output in one format, and to files in others, and take `more` steps.

    What fails keeps nothing else from being written; then `UserError` is raised with every reason.
    """
    steps: list[Callable[[], None]] = [partial(deliver, subject, name, value, colour=colour)]
    steps += [partial(write, subject, form, value, path) for form, path in files]
    failed: list[str] = []
    for step in (*steps, *more):
        try:
            step()
        except UserError as why:
            failed.append(str(why))
    if failed:
        raise UserError("; ".join(failed))


def write(subject: str, name: str, value: Any, path: Path) -> None:
    """Write the value to a file, completely or not at all, readable as the umask allows; raises `UserError`.

    A file is not as wide as the terminal.
    """
    from preflight import atomic_file
    from preflight.output.terminal import unlimited

    with unlimited():
        text = render(subject, name, value)
    try:
        with atomic_file.written(path, atomic_file.PUBLIC) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError as why:
        raise UserError(f"{path}: {why.strerror}") from None
