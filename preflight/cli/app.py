"""The command line: all its commands, and the way it ends."""

import contextlib
import copy
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import typer
from typer.main import get_command
from typer.models import CommandInfo

from preflight.cli import HELP
from preflight.cli.capacity import capacity
from preflight.cli.check import check, nagios, show
from preflight.cli.config import config
from preflight.cli.diff import diff
from preflight.cli.fix import fix
from preflight.cli.frame import BUG, INTERRUPTED, USAGE, Command, app, print_notes
from preflight.cli.help_page import Grouped
from preflight.cli.migrate import migrate, plan
from preflight.cli.rehearse import rehearse
from preflight.cli.rules import explain, rules
from preflight.cli.snapshot import snapshot
from preflight.cli.status import status
from preflight.cli.waivers import waivers
from preflight.errors import UserError

__all__ = ["app", "run"]

#: The commands, in the order in which `--help` lists them.
COMMANDS: tuple[Command[Any], ...] = (
    check,
    capacity,
    snapshot,
    nagios,
    plan,
    fix,
    rehearse,
    migrate,
    show,
    diff,
    status,
    rules,
    explain,
    waivers,
    config,
)
for one in COMMANDS:
    app.command(cls=Grouped, rich_help_panel=one.purpose, epilog="\n".join(one.examples))(one)


#: The variable with which a shell asks for a completion.
_COMPLETE = "_PREFLIGHT_COMPLETE"


@contextlib.contextmanager
def _building_only(called: str) -> Iterator[None]:
    """Reduce the commands that are not called to their names and their help.

    The parser would otherwise build the parameters of all of them, one by one, whichever is called.
    """
    known = app.registered_commands
    bodies = [one.callback for one in known if one.callback is not None]
    if called in HELP or _COMPLETE in os.environ or any(body.__name__ == called for body in bodies):
        app.registered_commands = [
            one if body.__name__ == called else _bare(one, body) for one, body in zip(known, bodies, strict=True)
        ]
    try:
        yield
    finally:
        app.registered_commands = known


def _typed() -> str:
    """Return the command whose arguments are being typed; the text itself if that is not a whole command yet.

    bash gives the line in the first variable, other shells in the second; Typer's own code reads them too.
    """
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    return next(iter(line.split()[1:]), "--help")


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
        if _COMPLETE in os.environ:  # the shell asks for a completion
            with _building_only(_typed()):
                app(prog_name="preflight")
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
        _say(arguments, "interrupted")
        print_notes(why)
        return _own(arguments, INTERRUPTED)
    except Exception as why:
        code = _explain_failure(arguments, why)
        print_notes(why)
        return _own(arguments, code)
    return 0


def _own(arguments: list[str], code: int) -> int:
    """Return the exit code of a failure: that of the command if it has one of its own."""
    own = _failure(arguments)
    return code if own is None else own


def _failure(arguments: list[str]) -> int | None:
    return next((one.failure for one in COMMANDS if arguments[:1] == [one.__name__]), None)


def _say(arguments: list[str], what: str) -> None:
    """Print why a command failed; on standard output too if that is all that its caller reads."""
    print(f"preflight: {what}", file=sys.stderr)
    if _failure(arguments) is not None:
        print(f"PREFLIGHT UNKNOWN - {what.replace('|', ' ')}")


def _parse_and_run(arguments: list[str]) -> None:
    """Run a command line; raise what ends it, unlike the parser's own main.

    That turns Ctrl-C into an exit code without a word and without the exception's notes, and prints what is wrong with
    a command line in four lines.
    """
    command = get_command(app)
    with command.make_context("preflight", arguments) as context:
        command.invoke(context)


def _explain_failure(arguments: list[str], why: Exception) -> int:
    from preflight.visible import one_line

    message = getattr(why, "format_message", None)  # of the parser's errors, which older Typer leaves to Click
    if callable(message):
        _say(arguments, one_line(message()))
        return USAGE
    if isinstance(why, UserError):
        _say(arguments, one_line(str(why)))
        return USAGE
    if os.environ.get("PREFLIGHT_TRACEBACK"):
        import traceback  # with all that reads source code

        traceback.print_exception(why)
    _say(arguments, f"a bug in preflight: {type(why).__name__}: {one_line(str(why))}")
    print("preflight: please report it, with the traceback that PREFLIGHT_TRACEBACK=1 prints", file=sys.stderr)
    return BUG
