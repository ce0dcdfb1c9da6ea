"""What every command of the command line has in common: the parser, exit codes, and an end that Ctrl-C is told by."""

import functools
import sys
from collections.abc import Callable
from typing import Annotated, ParamSpec

import typer

from preflight.errors import UserError

app = typer.Typer(
    name="preflight",
    help="Will this KVM guest's live migration work? Checks both hosts before it is tried.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

#: What ended: usage is wrong, preflight has a bug, the user interrupted it. The verdict's own codes are in `report`.
USAGE, BUG, INTERRUPTED = 2, 70, 130

#: Of any option that takes a fraction. Most are seconds, and poll() waits for no more than 2**31 milliseconds.
_GREATEST = 1_000_000

P = ParamSpec("P")


def command(body: Callable[P, None]) -> Callable[P, None]:
    """Make a command of a function. Typer would turn Ctrl-C into exit code 1, which reads as "not ready".

    And it lets pass "nan", which is neither less nor more than any bound.
    """

    @functools.wraps(body)
    def interruptible(*args: P.args, **kwargs: P.kwargs) -> None:
        for name, value in kwargs.items():
            if isinstance(value, float) and not abs(value) <= _GREATEST:
                raise UserError(f"--{name.replace('_', '-')}: {value:g} is not a number up to {_GREATEST}")
        try:
            body(*args, **kwargs)
        except KeyboardInterrupt:
            print("preflight: interrupted", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None

    return interruptible


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
