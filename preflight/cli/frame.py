"""The parts that all commands of the command line share: the parser, exit codes, and the bounds of numbers."""

import functools
import sys
from collections.abc import Callable
from typing import Annotated, ParamSpec, Protocol, cast

import typer

from preflight.cli import HELP
from preflight.cli.help_page import ByPurpose, Purpose
from preflight.errors import UserError

app = typer.Typer(
    name="preflight",
    cls=ByPurpose,
    help="Check whether the live migration of KVM guests will work before you try it, and migrate them.",
    epilog="`preflight COMMAND --help` describes a command and ends with examples.",
    context_settings={"help_option_names": sorted(HELP, key=len)},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

#: The exit codes for wrong usage, a bug in preflight, and an interruption. The verdict's own codes are in `report`.
USAGE, BUG, INTERRUPTED = 2, 70, 130

#: The greatest value of an option that takes a fraction. Most are seconds, and poll() waits for at most 2**31 ms.
_GREATEST = 1_000_000

P = ParamSpec("P")


class Command(Protocol[P]):
    """A function that Typer makes a command of, and what its page of `--help` adds to the function's docstring."""

    __name__: str
    purpose: Purpose
    #: Command lines that work as they are, each with a remark before it where it needs one.
    examples: tuple[str, ...]
    #: The exit code of usage errors, bugs and interruptions if the program that runs it expects one of its own, and
    #: their message on standard output; else None.
    failure: int | None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Run the command; raises `typer.Exit` with its exit code, and `UserError`."""


def command(purpose: Purpose, *examples: str, failure: int | None = None) -> Callable[[Callable[P, None]], Command[P]]:
    """Make a command of a function, listed under this purpose, with these examples.

    Typer would accept "nan", which is neither less nor more than any bound.
    """

    def make(body: Callable[P, None]) -> Command[P]:
        @functools.wraps(body)
        def bounded(*args: P.args, **kwargs: P.kwargs) -> None:
            for name, value in kwargs.items():
                if isinstance(value, float) and not abs(value) <= _GREATEST:
                    raise UserError(f"--{name.replace('_', '-')}: {value:g} is not a number up to {_GREATEST}")
            body(*args, **kwargs)

        made = cast("Command[P]", bounded)
        made.purpose, made.examples, made.failure = purpose, examples, failure
        return made

    return make


def print_notes(why: BaseException) -> None:
    """Print the notes of an exception to standard error: what the user can do after it, as the last lines."""
    for note in getattr(why, "__notes__", ()):
        print(note, file=sys.stderr)


def _version(asked: bool) -> None:
    if asked:
        from preflight import __version__

        print(f"preflight {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None: ...
