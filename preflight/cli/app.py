"""The command line: all its commands, and the way it ends."""

import contextlib
import copy
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import typer
from typer.main import get_command
from typer.models import CommandInfo

from preflight.cli import HELP
from preflight.cli.capacity import capacity
from preflight.cli.check import check
from preflight.cli.fix import fix
from preflight.cli.frame import BUG, INTERRUPTED, USAGE, Command, app, print_notes
from preflight.cli.help_page import Grouped
from preflight.cli.migrate import migrate, plan
from preflight.cli.rules import explain, rules
from preflight.cli.snapshot import snapshot
from preflight.cli.status import status
from preflight.errors import UserError

__all__ = ["app", "run"]

#: The commands, in the order in which `--help` lists them.
COMMANDS: tuple[Command[Any], ...] = (check, capacity, snapshot, plan, fix, migrate, status, rules, explain)
for one in COMMANDS:
    app.command(cls=Grouped, rich_help_panel=one.purpose, epilog="\n".join(one.examples))(one)


@contextlib.contextmanager
def _building_only(called: str) -> Iterator[None]:
    """Reduce the commands that are not called to their names and their help.

    The parser would otherwise build the parameters of all of them, one by one, whichever is called.
    """
    known = app.registered_commands
    bodies = [one.callback for one in known if one.callback is not None]
    if called in HELP or any(body.__name__ == called for body in bodies):
        app.registered_commands = [
            one if body.__name__ == called else _bare(one, body) for one, body in zip(known, bodies, strict=True)
        ]
    try:
        yield
    finally:
        app.registered_commands = known


def _bare(command: CommandInfo, body: Callable[..., None]) -> CommandInfo:
    def passed_over() -> None: ...

    passed_over.__name__, passed_over.__doc__ = body.__name__, body.__doc__
    bare = copy.copy(command)
    bare.callback = passed_over
    return bare


def run() -> int:
    """Run the command line and return its exit code; nothing that a user types ends in a traceback."""
    arguments = sys.argv[1:]
    try:
        if not arguments:
            with contextlib.suppress(typer.Exit):
                _parse_and_run(["--help"])
            return USAGE
        with _building_only(arguments[0]):
            _parse_and_run(arguments)
    except typer.Exit as end:
        return end.exit_code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else USAGE
    except KeyboardInterrupt as why:
        print("preflight: interrupted", file=sys.stderr)
        print_notes(why)
        return INTERRUPTED
    except Exception as why:
        code = _explain_failure(why)
        print_notes(why)
        return code
    return 0


def _parse_and_run(arguments: list[str]) -> None:
    """Run a command line; raise what ends it, unlike the parser's own main.

    That turns Ctrl-C into an exit code without a word and without the exception's notes, and prints what is wrong with
    a command line in four lines.
    """
    if "_PREFLIGHT_COMPLETE" in os.environ:  # the shell asks for a completion
        app(prog_name="preflight")
    command = get_command(app)
    with command.make_context("preflight", arguments) as context:
        command.invoke(context)


def _explain_failure(why: Exception) -> int:
    from preflight.visible import one_line

    message = getattr(why, "format_message", None)  # of the parser's errors, which older Typer leaves to Click
    if callable(message):
        print(f"preflight: {one_line(message())}", file=sys.stderr)
        return USAGE
    if isinstance(why, UserError):
        print(f"preflight: {one_line(str(why))}", file=sys.stderr)
        return USAGE
    if os.environ.get("PREFLIGHT_TRACEBACK"):
        traceback.print_exception(why)
    print(f"preflight: a bug in preflight: {type(why).__name__}: {one_line(str(why))}", file=sys.stderr)
    print("preflight: please report it, with the traceback that PREFLIGHT_TRACEBACK=1 prints", file=sys.stderr)
    return BUG
