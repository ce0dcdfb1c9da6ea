"""The command line: all its commands, and how it ends."""

import contextlib
import copy
import os
import sys
import traceback
from collections.abc import Callable, Iterator

from typer.models import CommandInfo

from preflight.cli.capacity import capacity
from preflight.cli.check import check
from preflight.cli.fix import fix
from preflight.cli.frame import BUG, USAGE, app
from preflight.cli.grouped_help import Grouped
from preflight.cli.migrate import migrate, plan
from preflight.cli.rules import explain, rules
from preflight.cli.snapshot import snapshot
from preflight.cli.status import status
from preflight.errors import UserError

__all__ = ["app", "run"]

#: The commands, in the order in which `--help` lists them.
COMMANDS: tuple[Callable[..., None], ...] = (check, capacity, migrate, plan, status, fix, snapshot, rules, explain)
for one in COMMANDS:
    app.command(cls=Grouped)(one)


@contextlib.contextmanager
def _building_only(called: str) -> Iterator[None]:
    """Leave the commands that are not called their names and their help alone.

    The parser would build the parameters of all, one by one, whichever is called.
    """
    known = app.registered_commands
    bodies = [one.callback for one in known if one.callback is not None]
    if called == "--help" or any(body.__name__ == called for body in bodies):
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
    """Run the command line and return its exit code; nothing that a user typed ends in a traceback."""
    try:
        if not sys.argv[1:]:
            app(["--help"], standalone_mode=False)
            return USAGE
        with _building_only(sys.argv[1]):
            code = app(standalone_mode=False)  # or the parser would print what is wrong in four lines
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else USAGE
    except Exception as why:
        return _explain_failure(why)
    return code if isinstance(code, int) else 0


def _explain_failure(why: Exception) -> int:
    from preflight.visible import one_line

    told = getattr(why, "format_message", None)  # the parser's errors, which older releases of Typer leave to Click
    if callable(told):
        print(f"preflight: {one_line(told())}", file=sys.stderr)
        return USAGE
    if isinstance(why, UserError):
        print(f"preflight: {one_line(str(why))}", file=sys.stderr)
        return USAGE
    if os.environ.get("PREFLIGHT_TRACEBACK"):
        traceback.print_exception(why)
    print(f"preflight: a bug in preflight: {type(why).__name__}: {one_line(str(why))}", file=sys.stderr)
    print("preflight: set PREFLIGHT_TRACEBACK=1 to see where, and report it, please", file=sys.stderr)
    return BUG
