"""The command line: all its commands, and the way it ends."""

import contextlib
import copy
import os
import sys
from importlib import import_module
from typing import Any, cast

import typer
from typer.main import get_command
from typer.models import CommandInfo

from preflight.cli import HELP
from preflight.cli.complete import forget_users
from preflight.cli.frame import BUG, INTERRUPTED, USAGE, Command, app, print_notes
from preflight.cli.help_page import Grouped
from preflight.errors import UserError

__all__ = ["command_of", "every_command", "run", "with_commands"]

#: The module of each command, in the order in which `--help` lists the commands. Only the module of the command that is
#: called is loaded.
MODULES = {
    "check": "check",
    "lint": "lint",
    "audit": "audit",
    "capacity": "capacity",
    "snapshot": "snapshot",
    "nagios": "check",
    "plan": "migrate",
    "fix": "fix",
    "rehearse": "rehearse",
    "migrate": "migrate",
    "evacuate": "evacuate",
    "steer": "steer",
    "show": "check",
    "diff": "diff",
    "status": "status",
    "rules": "rules",
    "explain": "rules",
    "waivers": "waivers",
    "config": "config",
    "doctor": "doctor",
}

#: The variable with which a shell asks for a completion.
_COMPLETE = "_PREFLIGHT_COMPLETE"


def command_of(name: str) -> Command[Any]:
    """Return the command of this name; raises `KeyError`."""
    return cast("Command[Any]", getattr(import_module(f"preflight.cli.{MODULES[name]}"), name))


def every_command() -> tuple[Command[Any], ...]:
    """Return all commands, in the order in which `--help` lists them."""
    return tuple(map(command_of, MODULES))


def with_commands(*names: str) -> typer.Typer:
    """Return the command line with these commands alone, all of them unless some are named."""
    app.registered_commands = [_registered(command_of(name)) for name in names or MODULES]
    return app


def _registered(one: Command[Any]) -> CommandInfo:
    name, epilog = one.__name__, "\n".join(one.examples)
    return CommandInfo(name, cls=Grouped, callback=one, rich_help_panel=one.purpose, epilog=epilog)


def _register(called: str) -> None:
    """Give the command line the command that is called; if there is none of that name, all of them.

    For a page or a completion that lists the commands, their names and their help suffice.
    """
    if called in MODULES:
        with_commands(called)
    elif called in HELP or _COMPLETE in os.environ:
        app.registered_commands = [_bare(_registered(one)) for one in every_command()]
    else:
        with_commands()


def _typed() -> str:
    """Return the command whose arguments are being typed; the text itself if that is not a whole command yet.

    bash gives the line in the first variable, other shells in the second; Typer's own code reads them too.
    """
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    return next(iter(line.split()[1:]), "--help")


def _bare(command: CommandInfo) -> CommandInfo:
    def passed_over() -> None: ...

    passed_over.__doc__ = command.callback.__doc__
    bare = copy.copy(command)
    bare.callback = passed_over
    return bare


def run() -> int:
    """Run the command line and return its exit code; nothing that a user types ends in a traceback."""
    arguments = sys.argv[1:]
    try:
        if _COMPLETE in os.environ:  # the shell asks for a completion
            forget_users()
            _register(_typed())
            app(prog_name="preflight")
        if not arguments:
            with contextlib.suppress(typer.Exit):
                _parse_and_run(["--help"])
            return USAGE
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
    called = arguments[0] if arguments else ""
    return command_of(called).failure if called in MODULES else None


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
    _register(arguments[0])
    command = get_command(app)
    with command.make_context("preflight", list(arguments)) as context:  # it empties its list
        command.invoke(context)


def _explain_failure(arguments: list[str], why: Exception) -> int:
    from preflight.visible import one_line

    message = getattr(why, "format_message", None)  # of the parser's errors, which older Typer leaves to Click
    if callable(message):
        from preflight.cli.usage_hint import with_hint

        _say(arguments, with_hint(one_line(message()), arguments, MODULES))
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
